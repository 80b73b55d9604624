-- Revokes tasks (functions/revoke.sql); returns the messages that waited: key, token, queue,
-- priority, body.
--
-- $1 the present, $2 who revokes, $3 lease, $4 for how long they are remembered, $5 task ids.
SELECT key, token, queue, priority, body
FROM taskhub.revoke($1::bigint, $2::text, $3::bigint, $4::bigint, $5::text[])
