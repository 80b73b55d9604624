-- Forgets what has been kept for long enough, some at a time, and merges the stripes of counts
-- whose minute is over. A call leaves it to another one that is at it.
--
-- p_history_ttl  for how long the history keeps tasks, ms.
CREATE OR REPLACE FUNCTION taskhub.forget_expired(p_now bigint, p_history_ttl bigint) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
BEGIN
    IF NOT pg_try_advisory_xact_lock(1952999276, hashtext('taskhub.forget_expired')) THEN
        RETURN;
    END IF;
    PERFORM taskhub.remove_failed(ARRAY(
        SELECT key FROM taskhub.failed_messages
        WHERE expires <= present ORDER BY expires, key LIMIT 100
    ));
    PERFORM taskhub.remove_history(ARRAY(
        SELECT task_id FROM taskhub.history
        WHERE ended_at <= present - p_history_ttl ORDER BY ended_at, task_id LIMIT 500
    ));
    DELETE FROM taskhub.replies WHERE (reply_to, number) IN (
        SELECT reply_to, number FROM taskhub.replies
        WHERE expires <= present LIMIT 500 FOR UPDATE SKIP LOCKED
    );
    DELETE FROM taskhub.claimed_names WHERE name IN (
        SELECT name FROM taskhub.claimed_names
        WHERE expires <= present LIMIT 500 FOR UPDATE SKIP LOCKED
    );
    -- Those of tasks that have ended keep nobody out; a task in eager mode may still release its
    -- own.
    DELETE FROM taskhub.locks WHERE name IN (
        SELECT name FROM taskhub.locks
        WHERE at < present - 86400000
            AND NOT EXISTS (SELECT FROM taskhub.messages WHERE key = locks.task_id)
        LIMIT 500
        FOR UPDATE SKIP LOCKED
    );
    PERFORM taskhub.merge_stripes(present);
END
$$;
