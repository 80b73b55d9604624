-- Appends events to the stream (functions/record_events.sql).
--
-- $1 the present, $2 the events, $3 about how many are kept.
SELECT taskhub.record_events($1::bigint, $2::text[], $3::bigint)
