-- Returns a page of the keys of all messages that have not ended.
--
-- $1 behind which key, $2 how many.
SELECT key FROM taskhub.messages WHERE key > $1::text ORDER BY key LIMIT $2::bigint
