-- Forgets up to p_limit of each that has been kept for long enough, and merges the stripes of counts
-- whose minute is over.
--
-- p_history_ttl  for how long the history keeps tasks, ms.
-- Returns  how many of those of which there were the most.
CREATE OR REPLACE FUNCTION taskhub.forget_kept(
    p_now bigint, p_history_ttl bigint, p_limit bigint
) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    most bigint;
BEGIN
    most := greatest(
        cardinality(taskhub.remove_failed(ARRAY(
            SELECT key FROM taskhub.failed_messages
            WHERE expires <= p_now ORDER BY expires, key LIMIT p_limit
        ))),
        cardinality(taskhub.remove_history(ARRAY(
            SELECT task_id FROM taskhub.history
            WHERE ended_at <= p_now - p_history_ttl ORDER BY ended_at, task_id LIMIT p_limit
        )))
    );
    DELETE FROM taskhub.replies WHERE (reply_to, number) IN (
        SELECT reply_to, number FROM taskhub.replies
        WHERE expires <= p_now LIMIT 500 FOR UPDATE SKIP LOCKED
    );
    DELETE FROM taskhub.claimed_names WHERE name IN (
        SELECT name FROM taskhub.claimed_names
        WHERE expires <= p_now LIMIT 500 FOR UPDATE SKIP LOCKED
    );
    -- Those of tasks that have ended keep nobody out; a task in eager mode may still release its
    -- own.
    DELETE FROM taskhub.locks WHERE name IN (
        SELECT name FROM taskhub.locks
        WHERE at < p_now - 86400000
            AND NOT EXISTS (SELECT FROM taskhub.messages WHERE key = locks.task_id)
        LIMIT 500
        FOR UPDATE SKIP LOCKED
    );
    RETURN greatest(most, taskhub.merge_stripes(p_now, p_limit));
END
$$;
