-- Claims messages for a worker (functions/claim.sql).
--
-- $1 now; $2 the worker; $3 its queues; $4 limit; $5 lease, ms; $6 which suspects it gets; $7, $8 how
-- often suspects were lost, at least and less than; $9 whether nothing is committed with it; $10
-- queues, $11 ranks, $12 sequences from which on to look first.
SELECT * FROM taskhub.claim(
    $1::bigint, $2::text, $3::text[], $4::bigint, $5::bigint, $6::text, $7::bigint, $8::bigint,
    $9::boolean, $10::text[], $11::bigint[], $12::bigint[]
)
