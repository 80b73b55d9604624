-- Lets claimed messages begin, or wait for permits (functions/acquire_permits.sql).
--
-- $1 the present, $2 the worker; of each message: $3 key, $4 token, $5 task, $6 interval, $7 burst.
-- Returns for each whether it may begin; ms until the next permit, NULL if none waits.
SELECT granted, next_permit FROM taskhub.acquire_permits(
    $1::bigint, $2::text, $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[]
)
