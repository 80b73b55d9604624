-- Reads messages of failed tasks by key, in any order.
--
-- $1 the keys.
SELECT key, reason, task_id, queue, priority, body, expires
FROM taskhub.failed_messages
WHERE key = ANY ($1::text[])
