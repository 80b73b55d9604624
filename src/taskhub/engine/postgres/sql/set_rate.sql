-- Changes the rate of a task (functions/set_rate.sql); returns the queues that grew.
--
-- $1 the present, $2 the task, $3 interval, $4 burst.
SELECT taskhub.set_rate($1::bigint, $2::text, $3::bigint, $4::bigint)
