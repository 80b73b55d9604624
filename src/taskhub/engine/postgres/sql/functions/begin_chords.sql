-- Begins chords; one that has begun already is left alone.
--
-- p_body_*  one element for each message of a body: its chord, and the message.
CREATE OR REPLACE FUNCTION taskhub.begin_chords(
    p_now bigint,
    p_chords text[],
    p_sizes bigint[],
    p_body_chords text[],
    p_body_task_ids text[],
    p_body_queues text[],
    p_body_priorities bigint[],
    p_body_bodies bytea[],
    p_body_delays bigint[],
    p_body_etas bigint[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    -- A chord that gets no part for so long is forgotten: its header was purged.
    life bigint := 30::bigint * 24 * 60 * 60 * 1000;
    begun text[];
BEGIN
    IF cardinality(p_chords) = 0 THEN
        RETURN;
    END IF;
    WITH given AS (
        SELECT DISTINCT ON (chord) chord, size
        FROM unnest(p_chords, p_sizes) WITH ORDINALITY AS c (chord, size, number)
        ORDER BY chord, number
    ), new AS (
        INSERT INTO taskhub.chords (chord_id, size, bodies, expires)
        SELECT
            chord,
            size,
            (SELECT count(*) FROM unnest(p_body_chords) AS body WHERE body = chord),
            p_now + life
        FROM given ORDER BY chord COLLATE "C"
        ON CONFLICT DO NOTHING
        RETURNING chord_id
    )
    SELECT array_agg(chord_id) INTO begun FROM new;
    INSERT INTO taskhub.chord_bodies
        (chord_id, number, task_id, queue, priority, body, delay, eta)
    SELECT chord, number, task_id, queue, priority, body, coalesce(delay, 0), eta
    FROM unnest(
        p_body_chords, p_body_task_ids, p_body_queues, p_body_priorities, p_body_bodies,
        p_body_delays, p_body_etas
    ) WITH ORDINALITY AS b (chord, task_id, queue, priority, body, delay, eta, number)
    WHERE chord = ANY (begun);
END
$$;
