-- Notes that a call of a producer is served now; see enqueue.sql.
CREATE OR REPLACE FUNCTION taskhub.serve_once(p_now bigint, p_producer text, p_number bigint)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF p_producer IS NULL THEN
        RETURN;
    END IF;
    -- Waits for an earlier try that is not over yet.
    INSERT INTO taskhub.producers AS known VALUES (p_producer, p_number, p_now)
    ON CONFLICT (producer) DO UPDATE SET number = EXCLUDED.number, at = EXCLUDED.at
    WHERE known.number < EXCLUDED.number;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'call % of producer % was served', p_number, p_producer
            USING ERRCODE = 'TH002';
    END IF;
END
$$;
