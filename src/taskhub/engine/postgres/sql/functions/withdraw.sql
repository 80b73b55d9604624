-- Takes a message out of where it is ready, delayed, or waits for a permit; returns false if it is
-- not there.
CREATE OR REPLACE FUNCTION taskhub.withdraw(p_message taskhub.messages) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    IF p_message.due IS NOT NULL THEN
        DELETE FROM taskhub.delayed
        WHERE due = p_message.due AND queue = p_message.queue AND priority = p_message.priority
            AND key = p_message.key;
        IF FOUND THEN
            UPDATE taskhub.messages SET sequence = 0, due = NULL WHERE key = p_message.key;
        END IF;
        RETURN FOUND;
    END IF;
    DELETE FROM taskhub.ready
    WHERE queue = p_message.queue AND rank = 9 - p_message.priority
        AND sequence = p_message.sequence AND key = p_message.key;
    IF NOT FOUND THEN
        DELETE FROM taskhub.limited WHERE key = p_message.key;
    END IF;
    RETURN FOUND;
END
$$;
