-- Resumes a paused queue; returns whether a message is ready in it; no row: it was not paused.
--
-- $1 the queue.
DELETE FROM taskhub.paused_queues WHERE queue = $1::text
RETURNING EXISTS (SELECT FROM taskhub.ready WHERE queue = $1::text)
