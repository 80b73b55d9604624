-- Takes a notification of one of some topics; without one, notes that a notifier of a process waits.
--
-- Returns  the topic; NULL: it waits.
CREATE OR REPLACE FUNCTION taskhub.wait_for(p_topics text[], p_process bigint, p_notifier bigint)
RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    topic text;
    found text;
BEGIN
    -- So that no notification comes in between (announce.sql).
    FOR topic IN SELECT name FROM unnest(p_topics) AS name GROUP BY name ORDER BY name COLLATE "C" LOOP
        PERFORM pg_advisory_xact_lock(1952999275, hashtext('taskhub.' || topic));
    END LOOP;
    found := taskhub.take_notification(p_topics);
    IF found IS NULL THEN
        INSERT INTO taskhub.waiters
        SELECT DISTINCT name, p_process, p_notifier FROM unnest(p_topics) AS name
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN found;
END
$$;
