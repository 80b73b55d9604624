-- Notes that a batch of an outbox is stored (functions/take_batch.sql).
--
-- $1 the outbox; $2 the number of the leadership; $3 that of the batch; $4 the rows.
SELECT taskhub.take_batch($1::text, $2::bigint, $3::bigint, $4::text[])
