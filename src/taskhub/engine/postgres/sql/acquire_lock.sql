-- Acquires a lock for a task (functions/acquire_lock.sql); returns the id of its holder.
--
-- $1 the present, $2 the lock, $3 the task id.
SELECT taskhub.acquire_lock($1::bigint, $2::text, $3::text)
