-- Reads messages that have not ended, by key: key, queue, priority, body; how many are claimed
-- before it (NULL: it is not ready), when it is due; of one that waits for a permit its task, how
-- many of that wait before it, and its bucket: interval, burst, when that is full again (us); the
-- present.
--
-- $1 the present, $2 the keys.
SELECT
    message.key, message.queue, message.priority, message.body,
    ready.before, message.due,
    limited.task, limited.before,
    coalesce(bucket.token_interval, 0), coalesce(bucket.burst, 1), coalesce(bucket.full_at, 0),
    taskhub.clock($1::bigint)
FROM taskhub.messages AS message
LEFT JOIN LATERAL (
    SELECT (
        SELECT count(*)
        FROM taskhub.ready AS other
        WHERE other.queue = own.queue
            AND (other.rank, other.sequence, other.key) < (own.rank, own.sequence, own.key)
    ) AS before
    FROM taskhub.ready AS own
    WHERE own.queue = message.queue AND own.rank = 9 - message.priority
        AND own.sequence = message.sequence AND own.key = message.key
) AS ready ON true
LEFT JOIN LATERAL (
    SELECT own.task, (
        SELECT count(*)
        FROM taskhub.limited AS other
        WHERE other.task = own.task
            AND (other.rank, other.sequence, other.key) < (own.rank, own.sequence, own.key)
    ) AS before
    FROM taskhub.limited AS own
    WHERE own.key = message.key
) AS limited ON true
LEFT JOIN taskhub.buckets AS bucket ON bucket.task = limited.task
WHERE message.key = ANY ($2::text[])
