-- Appends an entry to the audit log (functions/append_audit.sql).
--
-- $1 the present, $2 who, $3 action, $4 target, $5 affected, $6 details, $7 how many are kept.
SELECT taskhub.append_audit(
    $1::bigint, $2::text, $3::text, $4::text, $5::bigint, $6::text, $7::bigint
)
