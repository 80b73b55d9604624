-- Reads the events after one: number, text.
--
-- $1 the number of the last one, $2 how many at most.
SELECT number, event
FROM taskhub.events
WHERE number > $1::bigint
ORDER BY number
LIMIT $2::bigint
