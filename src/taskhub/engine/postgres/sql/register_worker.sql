-- Stores what a worker says of itself, until its registration ends.
--
-- $1 the worker, $2 its worker info.
-- Returns  one row if it has a lease.
UPDATE taskhub.workers SET info = $2::text WHERE worker = $1::text RETURNING 1
