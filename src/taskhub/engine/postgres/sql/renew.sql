-- Renews leases, and finds those that have run out (functions/renew.sql).
--
-- $1 now; $2 workers; $3 lease, ms; $4 how long the history keeps tasks, ms.
SELECT taskhub.renew($1::bigint, $2::text[], $3::bigint, $4::bigint)
