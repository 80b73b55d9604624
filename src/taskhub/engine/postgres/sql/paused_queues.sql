-- Reads the queues that are paused: queue, since when, who paused it, why.
SELECT queue, since, paused_by, reason FROM taskhub.paused_queues ORDER BY queue
