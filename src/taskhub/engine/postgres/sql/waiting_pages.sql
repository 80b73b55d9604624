-- Reads pages of ready messages, the next to be claimed first: the number of the page, from 1; key,
-- queue, priority, body.
--
-- Of each page: $1 the queue, $2 offset, $3 limit.
SELECT page.number, message.key, message.queue, message.priority, message.body
FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY
    AS page (queue, first, size, number)
CROSS JOIN LATERAL (
    SELECT key, rank, sequence
    FROM taskhub.ready
    WHERE ready.queue = page.queue
    ORDER BY rank, sequence, key
    OFFSET page.first
    LIMIT page.size
) AS place
JOIN taskhub.messages AS message ON message.key = place.key
ORDER BY page.number, place.rank, place.sequence, place.key
