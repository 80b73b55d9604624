-- Claims a name, unless it is claimed; returns a row if it was not.
--
-- $1 the present, $2 the name, $3 for how long it is remembered, ms.
INSERT INTO taskhub.claimed_names AS known (name, expires)
VALUES ($2::text, taskhub.clock($1::bigint) + $3::bigint)
ON CONFLICT (name) DO UPDATE SET expires = EXCLUDED.expires
WHERE known.expires <= taskhub.clock($1::bigint)
RETURNING true
