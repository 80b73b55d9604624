-- Makes dead letters ready again (functions/retry_dead_letters.sql): their keys, the queues.
--
-- $1 the present, $2 the keys.
SELECT sent, grown FROM taskhub.retry_dead_letters($1::bigint, $2::text[])
