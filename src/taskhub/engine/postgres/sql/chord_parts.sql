-- Returns the parts of a complete chord, in order.
--
-- $1 the chord.
-- Returns  whether it has failed, its failure, and one row for each part; none if there is no such
--          chord, or it is not complete.
SELECT c.has_failed, c.failure, p.value
FROM taskhub.chords AS c
LEFT JOIN taskhub.chord_parts AS p
    ON p.chord_id = c.chord_id AND NOT c.has_failed AND (p.added IS NOT NULL OR p.place !~ '^\+')
WHERE c.chord_id = $1::text AND (c.has_failed OR c.done >= c.size)
ORDER BY p.added NULLS FIRST, CASE WHEN p.added IS NULL THEN p.place::integer END
