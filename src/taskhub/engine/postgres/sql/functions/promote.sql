-- Makes delayed messages ready that are due, some at each call; returns the queues that grew.
CREATE OR REPLACE FUNCTION taskhub.promote(p_now bigint) RETURNS text[]
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    grown text[];
BEGIN
    PERFORM taskhub.advance_positions(p_now);
    WITH gone AS (
        DELETE FROM taskhub.delayed WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM taskhub.delayed WHERE due <= p_now
            ORDER BY due, queue, priority, key LIMIT 500 FOR UPDATE SKIP LOCKED
        ))
        RETURNING due, queue, priority, key
    ), placed AS MATERIALIZED (
        SELECT queue, priority, key, nextval('taskhub.positions') AS sequence
        FROM (SELECT * FROM gone ORDER BY due, queue, priority, key) AS in_order
    ), noted AS (
        UPDATE taskhub.messages AS m SET sequence = p.sequence, due = NULL
        FROM placed AS p WHERE m.key = p.key
    ), ready AS (
        INSERT INTO taskhub.ready (queue, rank, sequence, key, returned)
        SELECT queue, 9 - priority, sequence, key, false FROM placed
    )
    SELECT coalesce(array_agg(DISTINCT queue), '{}') INTO grown FROM placed;
    RETURN grown;
END
$$;
