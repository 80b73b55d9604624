-- Returns the messages of the bodies of chords, in order.
--
-- $1 ids.
SELECT chord_id, task_id, queue, priority, body, delay, eta
FROM taskhub.chord_bodies WHERE chord_id = ANY ($1::text[]) ORDER BY chord_id, number
