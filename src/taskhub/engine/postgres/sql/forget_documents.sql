-- Deletes result documents.
--
-- $1 tasks.
DELETE FROM taskhub.result_documents WHERE task_id = ANY ($1::text[])
