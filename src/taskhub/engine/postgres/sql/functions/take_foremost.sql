-- Locks the foremost messages over several queues, and returns where they are in `ready`.
CREATE OR REPLACE FUNCTION taskhub.take_foremost(p_queues text[], p_limit bigint) RETURNS tid[]
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    found tid[];
    taken tid[];
BEGIN
    found := ARRAY(
        SELECT place FROM unnest(p_queues) AS name CROSS JOIN LATERAL (
            SELECT ctid AS place, rank, sequence, key FROM taskhub.ready WHERE queue = name
            ORDER BY rank, sequence, key LIMIT p_limit
        ) AS foremost
        ORDER BY rank, sequence, key LIMIT p_limit
    );
    taken := ARRAY(
        SELECT ctid FROM taskhub.ready WHERE ctid = ANY (found) FOR UPDATE SKIP LOCKED
    );
    IF cardinality(taken) = cardinality(found) THEN
        RETURN taken;
    END IF;
    -- Others take some of these at this moment: look behind them, and lock more than is needed.
    RETURN ARRAY(
        SELECT place FROM unnest(p_queues) AS name CROSS JOIN LATERAL (
            SELECT ctid AS place, rank, sequence, key FROM taskhub.ready WHERE queue = name
            ORDER BY rank, sequence, key LIMIT p_limit FOR UPDATE SKIP LOCKED
        ) AS foremost
        ORDER BY rank, sequence, key LIMIT p_limit
    );
END
$$;
