-- Acquires a lock for a task, unless another task that is stored holds it; returns the id of the
-- task that holds it now.
--
-- Keeps  a lock has one holder, and none that has ended.
CREATE OR REPLACE FUNCTION taskhub.acquire_lock(p_now bigint, p_name text, p_task_id text)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    holder text;
BEGIN
    LOOP
        INSERT INTO taskhub.locks (name, task_id, at)
        VALUES (p_name, p_task_id, taskhub.clock(p_now))
        ON CONFLICT DO NOTHING;
        IF FOUND THEN
            RETURN p_task_id;
        END IF;
        SELECT task_id INTO holder FROM taskhub.locks WHERE name = p_name FOR UPDATE;
        -- Otherwise it was released in between.
        EXIT WHEN FOUND;
    END LOOP;
    IF holder <> p_task_id AND EXISTS (SELECT FROM taskhub.messages WHERE key = holder) THEN
        RETURN holder;
    END IF;
    UPDATE taskhub.locks SET task_id = p_task_id, at = taskhub.clock(p_now) WHERE name = p_name;
    RETURN p_task_id;
END
$$;
