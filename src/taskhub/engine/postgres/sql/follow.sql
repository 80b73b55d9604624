-- Has a process notified of the results of tasks.
--
-- $1 the number of the process; $2 tasks.
INSERT INTO taskhub.followers
SELECT task_id, $1::bigint FROM unnest($2::text[]) AS task_id ORDER BY task_id
ON CONFLICT DO NOTHING
