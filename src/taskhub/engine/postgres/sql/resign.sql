-- Ends a leadership; returns a row unless somebody else leads.
--
-- $1 the app, $2 the token.
UPDATE taskhub.schedules SET until = 0 WHERE app = $1::text AND token = $2::bigint RETURNING true
