-- Notifies one idle thread of each topic; where none waits, leaves a notification for the next one
-- to ask. Called by a transaction of its own, after what there is to see was committed: so either
-- this sees who waits, or they see what was committed.
CREATE OR REPLACE FUNCTION taskhub.announce(p_topics text[]) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    wanted text;
    waiter record;
    passed text[];
    locked bigint;
    is_notified boolean;
BEGIN
    FOREACH wanted IN ARRAY p_topics LOOP
        -- The thread that takes it sees what was committed.
        CONTINUE WHEN EXISTS (SELECT FROM taskhub.notifications WHERE topic = wanted);
        PERFORM pg_advisory_xact_lock(1952999275, hashtext('taskhub.' || wanted));
        CONTINUE WHEN EXISTS (SELECT FROM taskhub.notifications WHERE topic = wanted);
        is_notified := false;
        passed := '{}';
        LOOP
            SELECT process, notifier INTO waiter FROM taskhub.waiters
            WHERE topic = wanted AND process || ' ' || notifier <> ALL (passed)
            LIMIT 1 FOR UPDATE SKIP LOCKED;
            EXIT WHEN NOT FOUND;
            -- One that is being notified of another topic is left to that: to wait for it could be
            -- to wait for each other.
            SELECT count(*) INTO locked FROM (
                SELECT FROM taskhub.waiters
                WHERE process = waiter.process AND notifier = waiter.notifier
                FOR UPDATE SKIP LOCKED
            ) AS own;
            IF locked < (
                SELECT count(*) FROM taskhub.waiters
                WHERE process = waiter.process AND notifier = waiter.notifier
            ) THEN
                passed := passed || (waiter.process || ' ' || waiter.notifier);
                CONTINUE;
            END IF;
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
