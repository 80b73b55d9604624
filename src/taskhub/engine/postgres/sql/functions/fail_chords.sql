-- Ends open chords at once: a failure takes the place of all their parts, and their bodies are
-- published to fail by it.
--
-- p_chord    the chord, whose caller says so; NULL: those that have waited too long for their next
--     page, some at each call.
-- p_failure  the part that is the reason; '': the one that came with the first page.
-- Returns    the chords that were ended; the queues that grew.
CREATE OR REPLACE FUNCTION taskhub.fail_chords(
    p_now bigint, p_chord text, p_failure text, OUT failed text[], OUT grown text[]
)
LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
    chord text;
BEGIN
    failed := '{}';
    grown := '{}';
    FOR chord IN
        SELECT chord_id FROM taskhub.chords
        WHERE open_until IS NOT NULL
            AND (chord_id = p_chord OR (p_chord IS NULL AND open_until <= present))
        ORDER BY open_until, chord_id LIMIT 100 FOR UPDATE
    LOOP
        UPDATE taskhub.chords SET
            open_until = NULL, has_failed = true, failure = coalesce(nullif(p_failure, ''), failure)
        WHERE chord_id = chord;
        failed := failed || chord;
        grown := grown || taskhub.publish_body(present, chord);
    END LOOP;
END
$$;
