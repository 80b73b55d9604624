-- Reads dead letters by key, in any order: key, reason, task id, queue, priority, body, when it is
-- forgotten.
--
-- $1 the keys.
SELECT key, reason, split_part(key, E'\n', 1), queue, priority, body, expires
FROM taskhub.dead_letters
WHERE key = ANY ($1::text[])
