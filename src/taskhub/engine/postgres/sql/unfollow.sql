-- Has a process no longer notified of the results of tasks.
--
-- $1 the number of the process; $2 tasks.
DELETE FROM taskhub.followers WHERE process = $1::bigint AND task_id = ANY ($2::text[])
