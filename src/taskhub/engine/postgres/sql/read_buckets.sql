-- Reads the buckets of some tasks: of each the interval, the burst, when it is full again (us), and
-- the present (ms). One that there is not has no limit.
--
-- $1 the present, $2 tasks.
SELECT
    coalesce(token_interval, 0), coalesce(burst, 1), coalesce(full_at, 0),
    taskhub.clock($1::bigint)
FROM unnest($2::text[]) WITH ORDINALITY AS wanted (task, place)
LEFT JOIN taskhub.buckets USING (task)
ORDER BY place
