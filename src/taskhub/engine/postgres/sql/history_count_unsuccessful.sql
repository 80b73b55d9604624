-- Counts entries of the history. None of the states is SUCCESS.
--
-- $1 the present, $2 for how long tasks are kept (ms), $3 ended since, $4 names, $5 states (NULL:
-- any).
SELECT count(*)
FROM taskhub.history
WHERE
    ended_at >= (SELECT greatest($3::bigint, taskhub.clock($1::bigint) - $2::bigint))
    AND ($4::text[] IS NULL OR task = ANY ($4::text[]))
    AND ($5::text[] IS NULL OR state = ANY ($5::text[]))
    AND state <> 'SUCCESS'
