-- Pauses a queue: nothing is claimed from it. Returns a row unless it was paused already.
--
-- $1 the present, $2 the queue, $3 who pauses it, $4 why.
INSERT INTO taskhub.paused_queues (queue, since, paused_by, reason)
VALUES ($2::text, taskhub.clock($1::bigint), $3::text, $4::text)
ON CONFLICT DO NOTHING
RETURNING true
