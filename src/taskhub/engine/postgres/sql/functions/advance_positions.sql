-- Makes the next sequences (engine/positions.py) those of the present, unless later ones were given
-- already: then nextval('taskhub.positions') returns one for each message that becomes ready.
--
-- Two that ask in the same moment may get the same one: their messages are then ordered by key.
CREATE OR REPLACE FUNCTION taskhub.advance_positions(p_now bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    present bigint := (p_now - 1735689600000) * 256;
BEGIN
    IF (SELECT last_value FROM taskhub.positions) < present THEN
        PERFORM setval('taskhub.positions', present, false);
    END IF;
END
$$;
