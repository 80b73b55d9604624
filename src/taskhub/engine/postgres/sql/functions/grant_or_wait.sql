-- Lets one claimed message begin, or has it wait for a permit. Returns whether it may begin, and
-- when its bucket is full again then, microseconds. One whose claim is gone may not begin.
--
-- Needs  the lock on the row of the bucket.
CREATE OR REPLACE FUNCTION taskhub.grant_or_wait(
    p_now bigint, p_worker text, p_key text, p_token text, p_bucket taskhub.buckets,
    OUT is_granted boolean, OUT full_at bigint
) LANGUAGE plpgsql AS $$
DECLARE
    message taskhub.messages;
    head record;
BEGIN
    is_granted := false;
    full_at := p_bucket.full_at;
    PERFORM FROM taskhub.claims
    WHERE worker = p_worker AND key = p_key AND token = p_token
    FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    SELECT queue, priority, sequence INTO message.queue, message.priority, message.sequence
    FROM taskhub.messages
    WHERE key = p_key;
    SELECT rank, sequence INTO head
    FROM taskhub.limited
    WHERE task = p_bucket.task
    ORDER BY rank, sequence, key
    LIMIT 1;
    IF head.rank IS NULL OR (head.rank, head.sequence) >= (9 - message.priority, message.sequence)
    THEN
        IF p_bucket.token_interval = 0 THEN
            is_granted := true;
            RETURN;
        ELSIF taskhub.count_tokens(p_bucket, p_now) > 0 THEN
            is_granted := true;
            full_at := greatest(full_at, p_now * 1000) + p_bucket.token_interval;
            RETURN;
        END IF;
    END IF;
    DELETE FROM taskhub.claims WHERE worker = p_worker AND key = p_key;
    INSERT INTO taskhub.limited (task, rank, sequence, key, queue)
    VALUES (p_bucket.task, 9 - message.priority, message.sequence, p_key, message.queue);
END
$$;
