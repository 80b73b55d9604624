-- Reads a page of the delayed messages, the soonest first: due, key, queue, priority, body.
--
-- $1 offset, $2 limit, $3 the queues (NULL: all).
SELECT place.due, message.key, message.queue, message.priority, message.body
FROM (
    SELECT due, queue, priority, key
    FROM taskhub.delayed
    WHERE $3::text[] IS NULL OR queue = ANY ($3::text[])
    ORDER BY due, queue, priority, key
    OFFSET $1::bigint
    LIMIT $2::bigint
) AS place
JOIN taskhub.messages AS message ON message.key = place.key
ORDER BY place.due, place.queue, place.priority, place.key
