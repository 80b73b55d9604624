-- Reads who leads the schedulers of an app, and how long that lasts, ms; no row: nobody does.
--
-- $1 the present, $2 the app.
SELECT holder, until - taskhub.clock($1::bigint)
FROM taskhub.schedules
WHERE app = $2::text AND until > taskhub.clock($1::bigint)
