-- Leads the relays of an outbox (functions/lead_outbox.sql).
--
-- $1 now; $2 the outbox; $3 who asks; $4 the number; $5 the lease, ms.
SELECT given, leader, rows_taken
FROM taskhub.lead_outbox($1::bigint, $2::text, $3::text, $4::bigint, $5::bigint)
