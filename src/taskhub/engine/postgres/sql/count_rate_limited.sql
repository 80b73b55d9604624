-- Counts the messages that wait for permits by queue.
SELECT queue, count(*) FROM taskhub.limited GROUP BY queue ORDER BY queue
