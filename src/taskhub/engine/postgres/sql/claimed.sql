-- Reads a page of the messages that a worker holds, by key: key, queue, priority, body.
--
-- $1 the worker, $2 offset, $3 limit.
SELECT message.key, message.queue, message.priority, message.body
FROM (
    SELECT key FROM taskhub.claims WHERE worker = $1::text
    ORDER BY key OFFSET $2::bigint LIMIT $3::bigint
) AS held
JOIN taskhub.messages AS message ON message.key = held.key
ORDER BY message.key
