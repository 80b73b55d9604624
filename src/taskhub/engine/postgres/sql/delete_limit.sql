-- Deletes the text about the rate limit of a task.
--
-- $1 the task.
DELETE FROM taskhub.stored_limits WHERE task = $1::text
