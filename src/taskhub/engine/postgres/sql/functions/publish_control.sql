-- Publishes a control message to every subscription, and drops the oldest of too many.
--
-- p_kept  at least how many are kept for those who were away.
-- Keeps   numbers grow in the order in which messages can be seen: a lock is held until the commit.
CREATE OR REPLACE FUNCTION taskhub.publish_control(p_now bigint, p_message text, p_kept bigint)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    last bigint;
BEGIN
    PERFORM pg_advisory_xact_lock(1952999276, hashtext('taskhub.control'));
    INSERT INTO taskhub.control_messages (at, message)
    VALUES (taskhub.clock(p_now), p_message)
    RETURNING number INTO last;
    IF last % 100 = 0 THEN
        DELETE FROM taskhub.control_messages WHERE number <= last - p_kept;
    END IF;
    PERFORM pg_notify('taskhub_' || md5('taskhub.control'), '');
END
$$;
