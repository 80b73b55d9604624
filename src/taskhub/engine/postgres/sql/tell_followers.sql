-- Notifies who follows the results of tasks (functions/tell_followers.sql).
--
-- $1 the tasks.
SELECT taskhub.tell_followers($1::text[])
