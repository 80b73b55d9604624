-- Whether one of some queues holds a message that is ready.
CREATE OR REPLACE FUNCTION taskhub.any_ready(p_queues text[]) RETURNS boolean
LANGUAGE plpgsql STABLE COST 10000
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY p_queues LOOP
        IF EXISTS (SELECT FROM taskhub.ready WHERE queue = name) THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END
$$;
