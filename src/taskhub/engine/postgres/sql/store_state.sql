-- Writes an intermediate state (functions/store_state.sql).
--
-- $1 now; $2 task; $3 document; $4 time to live, ms, or NULL; $5 worker, $6 key, $7 token, or NULL.
SELECT taskhub.store_state(
    $1::bigint, $2::text, $3::text, $4::bigint, $5::text, $6::text, $7::text
)
