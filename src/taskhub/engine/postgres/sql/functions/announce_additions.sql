-- At the end of a caller's transaction: makes the queues known to which it has added messages, and
-- notifies one idle thread of each; appends events about them.
--
-- Keeps  no notification is missed: who takes one, or begins to wait, waits here for the commit, and
--        then sees what was committed. Locks are taken in the order of wait_for.sql.
CREATE OR REPLACE FUNCTION taskhub.announce_additions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    topics text[];
    topic text;
    added text[];
BEGIN
    -- Those of this transaction: of others nothing can be seen. The first row does it for all.
    WITH gone AS (DELETE FROM taskhub.pending_announcements RETURNING queues, events)
    SELECT
        array_agg(DISTINCT queue COLLATE "C" ORDER BY queue COLLATE "C"),
        (SELECT array_agg(event) FROM gone, unnest(events) AS event)
    INTO topics, added
    FROM gone, unnest(queues) AS queue;
    IF topics IS NULL THEN
        RETURN NULL;
    END IF;
    INSERT INTO taskhub.queues SELECT unnest(topics) ON CONFLICT DO NOTHING;
    FOREACH topic IN ARRAY topics LOOP
        PERFORM pg_advisory_xact_lock(1952999275, hashtext('taskhub.' || topic));
    END LOOP;
    -- One that was left is not taken before the commit.
    PERFORM FROM taskhub.notifications AS n
    WHERE n.topic = ANY (topics) ORDER BY n.topic FOR UPDATE;
    PERFORM taskhub.announce(topics);
    -- Trimmed by who knows how many are kept.
    PERFORM taskhub.record_events(NULL, added, 1::bigint << 52);
    RETURN NULL;
END
$$;
