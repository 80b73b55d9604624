-- Deletes the messages of a queue among the next delayed ones; returns how many, and where to go
-- on: the last one that was looked at (due, queue, priority, key); NULL: there are no more.
--
-- $1 the queue, $2 how many to look at; the last one before: $3 due, $4 queue, $5 priority, $6 key.
WITH page AS (
    SELECT due, queue, priority, key
    FROM taskhub.delayed
    WHERE (due, queue, priority, key)
        > ($3::bigint, $4::text COLLATE "C", $5::smallint, $6::text COLLATE "C")
    ORDER BY due, queue, priority, key
    LIMIT $2::bigint
), gone AS (
    DELETE FROM taskhub.delayed USING page
    WHERE page.queue = $1::text AND delayed.due = page.due AND delayed.queue = page.queue
        AND delayed.priority = page.priority AND delayed.key = page.key
    RETURNING delayed.key
), forgotten AS (
    DELETE FROM taskhub.messages USING gone WHERE messages.key = gone.key
), last AS (
    SELECT due, queue, priority, key FROM page
    ORDER BY due DESC, queue DESC, priority DESC, key DESC
    LIMIT 1
)
SELECT (SELECT count(*) FROM gone), last.due, last.queue, last.priority, last.key
FROM (VALUES (true)) AS one LEFT JOIN last ON (SELECT count(*) FROM page) = $2::bigint
