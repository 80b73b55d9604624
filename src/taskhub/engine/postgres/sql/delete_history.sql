-- Deletes entries of the history and kept messages (functions/delete_history.sql); returns the ids
-- of those that were there, some twice.
--
-- $1 the ids.
SELECT taskhub.delete_history($1::text[])
