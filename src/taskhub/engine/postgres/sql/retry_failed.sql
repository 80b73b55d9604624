-- Makes messages of failed tasks ready again (functions/retry_failed.sql): their keys, the queues.
--
-- $1 the present, $2 the keys.
SELECT sent, grown FROM taskhub.retry_failed($1::bigint, $2::text[])
