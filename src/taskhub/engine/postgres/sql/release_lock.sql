-- Releases a lock that this task holds; returns a row if it did.
--
-- $1 the lock, $2 the task id.
DELETE FROM taskhub.locks WHERE name = $1::text AND task_id = $2::text RETURNING true
