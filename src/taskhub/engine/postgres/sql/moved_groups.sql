-- Returns a page of the stored groups.
--
-- $1 now, $2 behind which group id, $3 how many.
SELECT group_id, document, expires - taskhub.clock($1::bigint) FROM taskhub.group_documents
WHERE group_id > $2::text AND (expires IS NULL OR expires > taskhub.clock($1::bigint))
ORDER BY group_id LIMIT $3::bigint
