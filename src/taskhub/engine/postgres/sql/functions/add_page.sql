-- Adds the parts of a page to an open chord, whose size is one more than it has parts until the
-- last page; see enqueue_canvas.sql. Returns the queues that got its body.
CREATE OR REPLACE FUNCTION taskhub.add_page(
    p_now bigint, p_chord text, p_parts bigint, p_wait bigint, p_failure text
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    found taskhub.chords;
BEGIN
    SELECT * INTO found FROM taskhub.chords WHERE chord_id = p_chord FOR UPDATE;
    IF found.open_until IS NULL AND (p_failure = '' OR found.chord_id IS NULL) THEN
        RAISE EXCEPTION
            'the chord has ended as FAILURE: its caller did not send the next page in time'
            USING ERRCODE = 'TH001';
    END IF;
    UPDATE taskhub.chords SET
        size = size + p_parts + (p_failure <> '')::integer - (p_wait IS NULL)::integer,
        failure = coalesce(nullif(p_failure, ''), failure),
        open_until = p_now + p_wait
    WHERE chord_id = p_chord
    RETURNING * INTO found;
    IF p_wait IS NULL AND found.done = found.size THEN
        RETURN taskhub.publish_body(p_now, p_chord);
    END IF;
    RETURN '{}';
END
$$;
