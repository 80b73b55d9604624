-- Returns the messages of these keys that nobody has claimed, with all that is known of them.
--
-- $1 keys.
SELECT key, queue, priority, body, due, coalesce(sequence, 0), deliveries, mark
FROM taskhub.messages AS m
WHERE key = ANY ($1::text[]) AND NOT EXISTS (SELECT FROM taskhub.claims AS c WHERE c.key = m.key)
