-- Stores messages as they were in another store (functions/restore_messages.sql).
--
-- $1 now; one element for each message: $2 task ids, $3 queues, $4 priorities, $5 bodies, $6 when
-- they are due, $7 sequences, $8 deliveries, $9 marks.
SELECT taskhub.restore_messages(
    taskhub.clock($1::bigint), $2::text[], $3::text[], $4::bigint[], $5::bytea[], $6::bigint[],
    $7::bigint[], $8::bigint[], $9::text[], true
)
