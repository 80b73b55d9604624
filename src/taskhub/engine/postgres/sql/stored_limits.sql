-- Reads the texts about rate limits: task, text.
SELECT task, rate_limit FROM taskhub.stored_limits ORDER BY task
