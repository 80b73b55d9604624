-- Returns result documents.
--
-- $1 now; $2 tasks.
-- Returns  task id, document of each that is there.
SELECT r.task_id, r.document FROM unnest($2::text[]) AS id
JOIN taskhub.result_documents AS r ON r.task_id = id
WHERE r.expires IS NULL OR r.expires > taskhub.clock($1::bigint)
