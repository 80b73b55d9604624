-- Counts the messages of all known queues: queue, ready, delayed, waiting for a permit.
SELECT
    queue,
    (SELECT count(*) FROM taskhub.ready WHERE ready.queue = queues.queue),
    coalesce(delayed.messages, 0),
    coalesce(limited.messages, 0)
FROM taskhub.queues
LEFT JOIN (
    SELECT queue, count(*) AS messages FROM taskhub.delayed GROUP BY queue
) AS delayed USING (queue)
LEFT JOIN (
    SELECT queue, count(*) AS messages FROM taskhub.limited GROUP BY queue
) AS limited USING (queue)
ORDER BY queue
