-- Returns chords, with how long each is kept.
--
-- $1 now, $2 ids.
SELECT
    chord_id, size, extra, done, bodies, has_failed, failure, open_until IS NOT NULL,
    expires - taskhub.clock($1::bigint)
FROM taskhub.chords WHERE chord_id = ANY ($2::text[])
