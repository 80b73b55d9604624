-- Reads a page of the messages that wait for permits, by task, the next of each first: task, how
-- many of it wait before it; its bucket: interval, burst, when it is full again (us); the present;
-- key, queue, priority, body.
--
-- $1 the present, $2 offset, $3 limit, $4 the queues (NULL: all).
SELECT
    place.task, place.before, bucket.token_interval, bucket.burst, bucket.full_at,
    taskhub.clock($1::bigint), message.key, message.queue, message.priority, message.body
FROM (
    SELECT *
    FROM (
        SELECT
            task, rank, sequence, key, queue,
            row_number() OVER (PARTITION BY task ORDER BY rank, sequence, key) - 1 AS before
        FROM taskhub.limited
    ) AS numbered
    WHERE $4::text[] IS NULL OR queue = ANY ($4::text[])
    ORDER BY task, rank, sequence, key
    OFFSET $2::bigint
    LIMIT $3::bigint
) AS place
JOIN taskhub.buckets AS bucket ON bucket.task = place.task
JOIN taskhub.messages AS message ON message.key = place.key
ORDER BY place.task, place.rank, place.sequence, place.key
