-- Counts the delayed messages by queue.
SELECT queue, count(*) FROM taskhub.delayed GROUP BY queue ORDER BY queue
