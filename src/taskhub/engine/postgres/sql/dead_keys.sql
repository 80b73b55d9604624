-- Reads a page of the keys of dead letters, and when each is forgotten, the oldest first.
--
-- $1 offset, $2 limit.
SELECT key, expires FROM taskhub.dead_letters
ORDER BY expires, key OFFSET $1::bigint LIMIT $2::bigint
