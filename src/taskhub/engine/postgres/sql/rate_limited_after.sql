-- Reads the messages that wait for permits behind one, by task: task, rank, sequence, key; interval
-- and burst of its bucket, when that is full again (us); the present; queue, priority, body.
--
-- $1 the present, $2 limit; the one before: $3 task, $4 rank, $5 sequence, $6 key.
SELECT
    place.task, place.rank, place.sequence, place.key,
    bucket.token_interval, bucket.burst, bucket.full_at, taskhub.clock($1::bigint),
    message.queue, message.priority, message.body
FROM (
    SELECT task, rank, sequence, key
    FROM taskhub.limited
    WHERE (task, rank, sequence, key)
        > ($3::text COLLATE "C", $4::smallint, $5::bigint, $6::text COLLATE "C")
    ORDER BY task, rank, sequence, key
    LIMIT $2::bigint
) AS place
JOIN taskhub.buckets AS bucket ON bucket.task = place.task
JOIN taskhub.messages AS message ON message.key = place.key
ORDER BY place.task, place.rank, place.sequence, place.key
