-- Reads the registered workers: name, how many ms are left of its lease, what it says of itself or
-- NULL.
--
-- $1 the present.
SELECT worker, until - taskhub.clock($1::bigint), info FROM taskhub.workers ORDER BY until, worker
