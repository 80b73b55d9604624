-- Reads the control messages after one: number, text, how long ago it was published, ms.
--
-- $1 the present, $2 the number of the last one, $3 how many at most.
SELECT number, message, greatest(0, taskhub.clock($1::bigint) - at)
FROM taskhub.control_messages
WHERE number > $2::bigint
ORDER BY number
LIMIT $3::bigint
