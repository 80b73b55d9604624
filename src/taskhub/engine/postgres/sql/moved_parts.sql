-- Returns the parts of chords.
--
-- $1 ids.
SELECT chord_id, place, added, value FROM taskhub.chord_parts WHERE chord_id = ANY ($1::text[])
