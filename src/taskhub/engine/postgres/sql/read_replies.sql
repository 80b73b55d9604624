-- Reads the replies to an address, without those that were read before: number, text.
--
-- $1 the address, $2 the numbers of those.
SELECT number, reply
FROM taskhub.replies
WHERE reply_to = $1::text AND number <> ALL ($2::bigint[])
ORDER BY number
