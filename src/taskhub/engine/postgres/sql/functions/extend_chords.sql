-- Makes room for one more part, once for each label, in chords that are not complete.
CREATE OR REPLACE FUNCTION taskhub.extend_chords(
    p_committed bigint[], p_of bigint[], p_chords text[], p_labels text[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    extension record;
    found taskhub.chords;
    was_early boolean;
BEGIN
    PERFORM FROM taskhub.chords WHERE chord_id = ANY (p_chords) ORDER BY chord_id FOR UPDATE;
    FOR extension IN
        SELECT chord, label
        FROM unnest(p_of, p_chords, p_labels) WITH ORDINALITY AS e (number, chord, label, place)
        WHERE number = ANY (p_committed) ORDER BY place
    LOOP
        SELECT * INTO found FROM taskhub.chords WHERE chord_id = extension.chord;
        CONTINUE WHEN found.chord_id IS NULL OR found.has_failed OR found.done >= found.size;
        CONTINUE WHEN EXISTS (
            SELECT FROM taskhub.chord_parts
            WHERE chord_id = extension.chord AND place = extension.label AND added IS NOT NULL
        );
        INSERT INTO taskhub.chord_parts (chord_id, place, added)
        VALUES (extension.chord, extension.label, found.extra + 1)
        ON CONFLICT (chord_id, place) DO UPDATE SET added = EXCLUDED.added
        RETURNING value IS NOT NULL INTO was_early;
        UPDATE taskhub.chords
        SET size = size + 1, extra = extra + 1, done = done + was_early::integer
        WHERE chord_id = extension.chord;
    END LOOP;
END
$$;
