-- Reads a page of the audit log, the latest entry first.
--
-- $1 offset, $2 limit.
SELECT who, action, target, affected, details, at
FROM taskhub.audit_log
ORDER BY number DESC
OFFSET $1::bigint
LIMIT $2::bigint
