-- Returns what keeps a queue from being forgotten: 'ready', 'served', 'claimed', 'delayed' or
-- 'rate_limited'; NULL: nothing. Looks at every claim and delayed message.
CREATE OR REPLACE FUNCTION taskhub.queue_use(p_now bigint, p_queue text) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    worker_info text;
    serves boolean;
BEGIN
    IF EXISTS (SELECT FROM taskhub.ready WHERE queue = p_queue) THEN
        RETURN 'ready';
    END IF;
    FOR worker_info IN
        SELECT info FROM taskhub.workers WHERE until > taskhub.clock(p_now) AND info IS NOT NULL
    LOOP
        BEGIN
            serves := jsonb_typeof(worker_info::jsonb -> 'queues') = 'array'
                AND worker_info::jsonb -> 'queues' ? p_queue;
        EXCEPTION WHEN data_exception THEN
            -- It is no JSON.
            serves := false;
        END;
        IF serves THEN
            RETURN 'served';
        END IF;
    END LOOP;
    IF EXISTS (
        SELECT FROM taskhub.claims JOIN taskhub.messages USING (key) WHERE queue = p_queue
    ) THEN
        RETURN 'claimed';
    ELSIF EXISTS (SELECT FROM taskhub.delayed WHERE queue = p_queue) THEN
        RETURN 'delayed';
    ELSIF EXISTS (SELECT FROM taskhub.limited WHERE queue = p_queue) THEN
        RETURN 'rate_limited';
    END IF;
    RETURN NULL;
END
$$;
