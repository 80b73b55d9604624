-- Counts entries of the history (functions/history_count.sql).
--
-- $1 the present, $2 for how long tasks are kept (ms), $3 ended since, $4 names, $5 states (NULL:
-- any).
SELECT taskhub.history_count($1::bigint, $2::bigint, $3::bigint, $4::text[], $5::text[])
