-- Stores messages, and makes each ready or due (functions/enqueue.sql).
--
-- $1 now; $2 producer, $3 number of its call, or NULL; then one element for each message: $4 task
-- ids, $5 queues, $6 priorities, $7 bodies, $8 delays, $9 etas.
SELECT taskhub.enqueue(
    $1::bigint, $2::text, $3::bigint, $4::text[], $5::text[], $6::bigint[], $7::bytea[],
    $8::bigint[], $9::bigint[]
)
