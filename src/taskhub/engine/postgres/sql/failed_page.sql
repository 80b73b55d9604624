-- Reads a page of the messages of failed tasks, the oldest first.
--
-- $1 offset, $2 limit.
SELECT key, reason, task_id, queue, priority, body, expires
FROM taskhub.failed_messages
ORDER BY expires, key
OFFSET $1::bigint
LIMIT $2::bigint
