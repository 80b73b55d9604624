-- Counts the ready messages of all known queues: queue, how many.
SELECT queue, (SELECT count(*) FROM taskhub.ready WHERE ready.queue = queues.queue)
FROM taskhub.queues
ORDER BY queue
