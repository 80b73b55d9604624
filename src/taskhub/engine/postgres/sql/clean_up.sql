-- Forgets what has served its time (functions/clean_up.sql); returns how many rows of the table with
-- the most.
--
-- $1 now; $2 how long the history keeps tasks, ms; $3 rows of each table at most.
SELECT taskhub.clean_up($1::bigint, $2::bigint, $3::bigint)
