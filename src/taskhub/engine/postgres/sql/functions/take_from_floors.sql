-- Locks the foremost messages over several queues that stand behind those claimed last, and returns
-- where they are in `ready`; NULL: there may be others to take, look at all of them.
--
-- What was claimed leaves dead entries in the index until it is vacuumed, and each look at the head
-- of a queue walks over all of them. So a worker that claims again and again says where it was.
--
-- p_queues, p_ranks, p_floors  for each queue and rank the sequence from which on to look.
CREATE OR REPLACE FUNCTION taskhub.take_from_floors(
    p_queues text[], p_ranks bigint[], p_floors bigint[], p_limit bigint
) RETURNS tid[]
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_bitmapscan = off
AS $$
DECLARE
    foremost tid[];
    taken tid[];
BEGIN
    IF EXISTS (SELECT FROM taskhub.ready WHERE returned) THEN
        RETURN NULL;
    END IF;
    foremost := ARRAY(
        SELECT place FROM unnest(p_queues, p_ranks, p_floors) AS f (name, band, floor)
        CROSS JOIN LATERAL (
            SELECT ctid AS place, rank, sequence, key FROM taskhub.ready
            WHERE queue = name AND rank = band AND sequence >= floor
            ORDER BY sequence, key LIMIT p_limit
        ) AS behind
        ORDER BY rank, sequence, key LIMIT p_limit
    );
    IF cardinality(foremost) < p_limit THEN
        RETURN NULL;
    END IF;
    taken := ARRAY(
        SELECT ctid FROM taskhub.ready WHERE ctid = ANY (foremost) FOR UPDATE SKIP LOCKED
    );
    RETURN CASE WHEN cardinality(taken) = p_limit THEN taken END;
END
$$;
