-- Reads a page of the dead letters, the oldest first: key, reason, task id, queue, priority, body,
-- when it is forgotten.
--
-- $1 offset, $2 limit.
SELECT key, reason, split_part(key, E'\n', 1), queue, priority, body, expires
FROM taskhub.dead_letters
ORDER BY expires, key
OFFSET $1::bigint
LIMIT $2::bigint
