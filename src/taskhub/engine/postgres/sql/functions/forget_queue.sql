-- Forgets a queue that holds no message and that no live worker serves, its pause and its
-- notification. Returns what keeps it (queue_use.sql); NULL: it is forgotten, or was not known.
--
-- Keeps  a queue that holds a message is known: a transaction that stores one notes its queue last,
--        and waits there while this is under way; this one waits for those that have noted theirs,
--        not for long, as others wait behind it: one that is still under way then makes it an error.
CREATE OR REPLACE FUNCTION taskhub.forget_queue(p_now bigint, p_queue text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    -- Before the lock, as it may take its time.
    use text := taskhub.queue_use(p_now, p_queue);
BEGIN
    IF use IS NOT NULL THEN
        RETURN use;
    END IF;
    PERFORM set_config('lock_timeout', '200ms', true);
    LOCK TABLE taskhub.queues IN SHARE ROW EXCLUSIVE MODE;
    use := taskhub.queue_use(p_now, p_queue);
    IF use IS NULL THEN
        DELETE FROM taskhub.queues WHERE queue = p_queue;
        DELETE FROM taskhub.paused_queues WHERE queue = p_queue;
        DELETE FROM taskhub.notifications WHERE topic = p_queue;
    END IF;
    RETURN use;
END
$$;
