-- Deletes dead letters; returns the keys of those that were there, in any order.
--
-- $1 the keys.
DELETE FROM taskhub.dead_letters WHERE key IN (
    SELECT key FROM taskhub.dead_letters WHERE key = ANY ($1::text[]) ORDER BY key FOR UPDATE
)
RETURNING key
