-- Takes a notification, or waits for one (functions/wait_for.sql).
--
-- $1 topics; $2 the number of the process; $3 that of its notifier.
SELECT taskhub.wait_for($1::text[], $2::bigint, $3::bigint)
