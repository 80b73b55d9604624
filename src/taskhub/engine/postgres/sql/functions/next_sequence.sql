-- Returns the next sequence (engine/positions.py): that of now or, if it was given already, the one
-- behind the last.
--
-- Two that ask in the same moment may get the same one: their messages are then ordered by key.
CREATE OR REPLACE FUNCTION taskhub.next_sequence(p_now bigint) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    sequence bigint := nextval('taskhub.positions');
    present bigint := (p_now - 1735689600000) * 256;
BEGIN
    IF sequence < present THEN
        PERFORM setval('taskhub.positions', present);
        RETURN present;
    END IF;
    RETURN sequence;
END
$$;
