-- Notifies who follows the results of tasks (functions/notify_followers.sql).
--
-- $1 the tasks.
SELECT taskhub.notify_followers($1::text[])
