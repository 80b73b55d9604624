-- Notes that a notifier waits no longer.
--
-- $1 the number of the process; $2 that of its notifier.
DELETE FROM taskhub.waiters WHERE process = $1::bigint AND notifier = $2::bigint
