-- Stores a text about the rate limit of a task.
--
-- $1 the task, $2 the text.
INSERT INTO taskhub.stored_limits (task, rate_limit) VALUES ($1::text, $2::text)
ON CONFLICT (task) DO UPDATE SET rate_limit = EXCLUDED.rate_limit
