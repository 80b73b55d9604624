-- Deletes chords that another store has taken.
--
-- $1 ids.
SELECT taskhub.delete_chords($1::text[])
