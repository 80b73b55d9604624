-- Notifies the processes that follow the results of some tasks. Called by a transaction of its own,
-- after these were committed: so either this sees who follows, or they see what was committed.
CREATE OR REPLACE FUNCTION taskhub.notify_followers(p_task_ids text[]) RETURNS void
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
DECLARE
    follower record;
    texts text := '';
    notified bigint;
BEGIN
    FOR follower IN
        SELECT f.process, f.task_id FROM unnest(p_task_ids) AS id
        JOIN taskhub.followers AS f ON f.task_id = id
        ORDER BY f.process
    LOOP
        -- A notification holds less than 8000 bytes.
        IF texts <> '' AND (
            follower.process <> notified
            OR octet_length(texts) + octet_length(follower.task_id) > 7900
        ) THEN
            PERFORM pg_notify('taskhub_' || notified, 'r' || texts);
            texts := '';
        END IF;
        notified := follower.process;
        texts := texts || E'\n' || follower.task_id;
    END LOOP;
    IF texts <> '' THEN
        PERFORM pg_notify('taskhub_' || notified, 'r' || texts);
    END IF;
END
$$;
