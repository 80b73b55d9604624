-- Counts messages of bodies that have used the parts of their chords; the last one ends the chord.
CREATE OR REPLACE FUNCTION taskhub.leave_chords(
    p_committed bigint[], p_of bigint[], p_chords text[]
) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM taskhub.chords WHERE chord_id = ANY (p_chords) ORDER BY chord_id FOR UPDATE;
    UPDATE taskhub.chords SET bodies = bodies - count
    FROM (
        SELECT chord, count(*) FROM unnest(p_of, p_chords) AS l (number, chord)
        WHERE number = ANY (p_committed) GROUP BY chord
    ) AS left_now
    WHERE chord_id = chord;
    PERFORM taskhub.delete_chords(
        ARRAY(SELECT chord_id FROM taskhub.chords WHERE chord_id = ANY (p_chords) AND bodies <= 0)
    );
END
$$;
