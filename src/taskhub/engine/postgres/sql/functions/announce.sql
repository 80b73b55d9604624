-- Notifies one idle thread of each topic; where none waits, leaves a notification for the next one
-- to ask. Called by a transaction of its own, after what there is to see was committed: so either
-- this sees who waits, or they see what was committed.
CREATE OR REPLACE FUNCTION taskhub.announce(p_topics text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    wanted text;
    waiter record;
    is_notified boolean;
BEGIN
    FOREACH wanted IN ARRAY p_topics LOOP
        -- Whoever takes it sees what was committed.
        CONTINUE WHEN EXISTS (SELECT FROM taskhub.notifications WHERE topic = wanted);
        PERFORM pg_advisory_xact_lock(1952999275, hashtext('taskhub.' || wanted));
        CONTINUE WHEN EXISTS (SELECT FROM taskhub.notifications WHERE topic = wanted);
        is_notified := false;
        FOR waiter IN
            SELECT process, notifier FROM taskhub.waiters WHERE topic = wanted FOR UPDATE SKIP LOCKED
        LOOP
            -- It waits for one notification, of whichever topic.
            DELETE FROM taskhub.waiters
            WHERE process = waiter.process AND notifier = waiter.notifier;
            -- A process that lives holds this lock alone.
            IF NOT pg_try_advisory_xact_lock_shared(waiter.process) THEN
                PERFORM pg_notify('taskhub_' || waiter.process, waiter.notifier || ' ' || wanted);
                is_notified := true;
                EXIT;
            END IF;
        END LOOP;
        IF NOT is_notified THEN
            INSERT INTO taskhub.notifications VALUES (wanted) ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
END
$$;
