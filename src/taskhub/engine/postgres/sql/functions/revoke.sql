-- Remembers task ids as revoked, and takes those that wait (ready, delayed, for a permit) out of
-- there, as claims of the one who revokes: it then ends each like any other task, through a commit.
--
-- p_revoker   a worker name, under a lease of its own.
-- p_lease     of how many ms.
-- p_remember  how long revocations are remembered, ms.
-- Returns     the messages that waited: key, token, queue, priority, body.
-- Keeps       one that is moved at this moment is not found: it is known as revoked when it is
--             claimed.
CREATE OR REPLACE FUNCTION taskhub.revoke(
    p_now bigint, p_revoker text, p_lease bigint, p_remember bigint, p_task_ids text[]
) RETURNS TABLE (key text, token text, queue text, priority bigint, body bytea)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    present bigint := taskhub.clock(p_now);
    wanted text;
    message taskhub.messages;
    any_held boolean := false;
BEGIN
    -- Who reclaims what this one holds waits for this transaction, or this one for them.
    PERFORM pg_advisory_xact_lock_shared(1952999275, hashtext('taskhub.worker ' || p_revoker));
    INSERT INTO taskhub.revoked (task_id, until)
    SELECT DISTINCT task_id, present + p_remember
    FROM unnest(p_task_ids) AS task_id
    ORDER BY task_id
    ON CONFLICT (task_id) DO UPDATE SET until = EXCLUDED.until;
    FOREACH wanted IN ARRAY p_task_ids LOOP
        SELECT * INTO message FROM taskhub.messages WHERE messages.key = wanted;
        CONTINUE WHEN NOT FOUND OR NOT taskhub.withdraw(message);
        IF message.due IS NOT NULL THEN
            -- It has no position yet: it gets the foremost of its priority.
            message.sequence := 0;
        END IF;
        token := message.deliveries + 1 || message.mark || ':' || message.sequence;
        INSERT INTO taskhub.claims VALUES (message.key, p_revoker, token);
        any_held := true;
        key := message.key;
        queue := message.queue;
        priority := message.priority;
        body := message.body;
        RETURN NEXT;
    END LOOP;
    IF any_held THEN
        INSERT INTO taskhub.workers (worker, until) VALUES (p_revoker, present + p_lease)
        ON CONFLICT (worker) DO UPDATE SET until = EXCLUDED.until;
    END IF;
END
$$;
