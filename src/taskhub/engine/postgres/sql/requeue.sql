-- Returns claimed messages to their queues (functions/requeue.sql).
--
-- $1 the worker; $2 keys; $3 whether they are those that it keeps.
SELECT requeued, grown FROM taskhub.requeue($1::text, $2::text[], $3::boolean, false)
