-- Remembers stamps as revoked: tasks that carry one are ended by the worker that would run them.
--
-- $1 the present, $2 for how long, ms; of each stamp: $3 header, $4 value.
INSERT INTO taskhub.revoked_stamps (header, value, until)
SELECT DISTINCT header, value, taskhub.clock($1::bigint) + $2::bigint
FROM unnest($3::text[], $4::text[]) AS stamp (header, value)
ORDER BY header, value
ON CONFLICT (header, value) DO UPDATE SET until = EXCLUDED.until
