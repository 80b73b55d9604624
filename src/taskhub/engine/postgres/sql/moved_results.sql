-- Returns a page of the result documents.
--
-- $1 now, $2 behind which task id, $3 how many.
SELECT task_id, document, expires - taskhub.clock($1::bigint) FROM taskhub.result_documents
WHERE task_id > $2::text AND (expires IS NULL OR expires > taskhub.clock($1::bigint))
ORDER BY task_id LIMIT $3::bigint
