-- Forgets a queue (functions/forget_queue.sql); returns what keeps it, or NULL.
--
-- $1 the present, $2 the queue.
SELECT taskhub.forget_queue($1::bigint, $2::text)
