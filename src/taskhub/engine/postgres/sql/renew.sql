-- Renews leases, and finds those that have run out (functions/renew.sql).
--
-- $1 now; $2 workers; $3 lease, ms.
SELECT taskhub.renew($1::bigint, $2::text[], $3::bigint)
