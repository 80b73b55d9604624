-- Reads keys of stored messages that begin with a text, in order.
--
-- $1 the beginning, $2 behind all that begin so, $3 the last key that was read ('': none), $4 how
-- many.
SELECT key
FROM taskhub.messages
WHERE key >= $1::text AND key < $2::text AND key > $3::text AND starts_with(key, $1::text)
ORDER BY key
LIMIT $4::bigint
