-- Counts the messages of a queue that have not ended; looks at all messages.
--
-- $1 the queue.
SELECT count(*) FROM taskhub.messages WHERE queue = $1::text
