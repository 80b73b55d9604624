-- Leads the schedulers of an app (functions/lead.sql): the token, who leads, the present, the
-- version of the entries, the queues that grew.
--
-- $1 the present, $2 the app, $3 who asks, $4 the token, $5 the lease, ms.
SELECT given, leader, present, version, grown
FROM taskhub.lead($1::bigint, $2::text, $3::text, $4::bigint, $5::bigint)
