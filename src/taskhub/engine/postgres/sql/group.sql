-- Returns which results a group has; no row: it is not stored.
--
-- $1 now; $2 group.
SELECT document FROM taskhub.group_documents
WHERE group_id = $2::text AND (expires IS NULL OR expires > taskhub.clock($1::bigint))
