-- Returns claimed messages to their queues, at the positions they had, as if they had never been
-- claimed.
--
-- p_keys      the keys; p_is_except: all that the worker holds but these (reconciliation after a
--     reply that was lost on the way).
-- p_is_lost   whether the worker was lost: it counts as a delivery without an outcome.
-- Returns  the keys of those that went back, and the queues that grew.
CREATE OR REPLACE FUNCTION taskhub.requeue(
    p_worker text,
    p_keys text[],
    p_is_except boolean,
    p_is_lost boolean,
    OUT requeued text[],
    OUT grown text[]
)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    -- Behind a claim of this worker that is still under way, because its reply was given up.
    PERFORM pg_advisory_xact_lock(1952999275, hashtext('taskhub.worker ' || p_worker));
    WITH gone AS (
        DELETE FROM taskhub.claims
        WHERE worker = p_worker AND (key = ANY (p_keys)) <> p_is_except
        RETURNING key
    ), counted AS (
        -- In one statement a row is written once: not at all, if nothing is to be counted.
        UPDATE taskhub.messages AS m SET deliveries = deliveries + 1
        FROM gone WHERE p_is_lost AND m.key = gone.key
    ), placed AS (
        INSERT INTO taskhub.ready (queue, rank, sequence, key, losses)
        SELECT
            m.queue, 9 - m.priority, m.sequence, m.key,
            CASE WHEN m.mark = '' THEN m.deliveries + p_is_lost::integer ELSE 0 END
        FROM gone JOIN taskhub.messages AS m ON m.key = gone.key
        RETURNING queue
    )
    SELECT
        ARRAY(SELECT key FROM gone ORDER BY key), ARRAY(SELECT DISTINCT queue FROM placed)
    INTO requeued, grown;
END
$$;
