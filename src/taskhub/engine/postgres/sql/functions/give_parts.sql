-- Takes parts of chords in, each once; the last one publishes the body. Those of one batch are
-- counted together, so that a chord's row is written once for all of them. Returns the queues that
-- grew.
--
-- p_places  the index as text, or the label ("+...") of a part that is added. One that comes before
--     the commit of the task that adds it does not count until then.
CREATE OR REPLACE FUNCTION taskhub.give_parts(
    p_now bigint,
    p_committed bigint[],
    p_of bigint[],
    p_chords text[],
    p_places text[],
    p_values text[]
) RETURNS text[]
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    life bigint := 30::bigint * 24 * 60 * 60 * 1000;
    complete text;
    grown text[] := '{}';
BEGIN
    PERFORM FROM taskhub.chords WHERE chord_id = ANY (p_chords) ORDER BY chord_id FOR UPDATE;
    FOR complete IN
        WITH given AS (
            SELECT DISTINCT ON (chord, place) chord, place, value
            FROM unnest(p_of, p_chords, p_places, p_values)
                WITH ORDINALITY AS p (number, chord, place, value, nth)
            JOIN taskhub.chords ON chord_id = chord
            WHERE number = ANY (p_committed) AND NOT has_failed
            ORDER BY chord, place, nth
        ), written AS (
            INSERT INTO taskhub.chord_parts AS known (chord_id, place, value)
            SELECT chord, place, value FROM given
            ON CONFLICT (chord_id, place) DO UPDATE SET value = EXCLUDED.value
            WHERE known.value IS NULL
            RETURNING chord_id, place, added
        ), counted AS (
            SELECT chord_id AS chord, count(*) AS parts
            FROM written WHERE added IS NOT NULL OR place NOT LIKE '+%'
            GROUP BY chord_id
        )
        UPDATE taskhub.chords SET done = done + parts, expires = p_now + life
        FROM counted WHERE chord_id = chord
        RETURNING CASE WHEN done = size THEN chord_id END
    LOOP
        IF complete IS NOT NULL THEN
            grown := grown || taskhub.publish_body(p_now, complete);
        END IF;
    END LOOP;
    RETURN grown;
END
$$;
