-- Makes messages of a task ready again that get a permit now; returns the queues that grew. They
-- ask when they are claimed, which sets the next permit; if none does, others get theirs later.
--
-- p_now  the present, ms.
-- Needs  the lock on the row of the task's bucket.
CREATE OR REPLACE FUNCTION taskhub.grant_permits(p_now bigint, p_task text) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    bucket taskhub.buckets;
    grown text[];
BEGIN
    SELECT * INTO bucket FROM taskhub.buckets WHERE task = p_task;
    WITH granted AS (
        DELETE FROM taskhub.limited WHERE key IN (
            SELECT key FROM taskhub.limited
            WHERE task = p_task
            ORDER BY rank, sequence, key
            LIMIT least(500, taskhub.count_tokens(bucket, p_now))
            FOR UPDATE SKIP LOCKED
        )
        RETURNING key, queue, rank, sequence
    ), readied AS (
        INSERT INTO taskhub.ready (queue, rank, sequence, key, losses)
        SELECT
            granted.queue, granted.rank, granted.sequence, granted.key,
            CASE WHEN messages.mark = '' THEN messages.deliveries ELSE 0 END
        FROM granted JOIN taskhub.messages USING (key)
        RETURNING queue
    )
    SELECT coalesce(array_agg(DISTINCT queue), '{}') INTO grown FROM readied;
    PERFORM taskhub.set_permit(
        bucket, p_now,
        CASE WHEN cardinality(grown) > 0 AND bucket.token_interval > 0 THEN p_now + 5000 END
    );
    RETURN grown;
END
$$;
