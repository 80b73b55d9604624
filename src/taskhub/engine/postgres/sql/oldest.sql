-- Reads the ready message of each priority of a queue that has waited longest: key, queue,
-- priority, body.
--
-- $1 the queue.
SELECT message.key, message.queue, message.priority, message.body
FROM generate_series(0, 9) AS band (rank)
CROSS JOIN LATERAL (
    SELECT key
    FROM taskhub.ready
    WHERE queue = $1::text AND ready.rank = band.rank::smallint
    ORDER BY sequence, key
    LIMIT 1
) AS head
JOIN taskhub.messages AS message ON message.key = head.key
ORDER BY band.rank
