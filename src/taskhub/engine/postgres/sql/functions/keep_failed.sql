-- Keeps the messages of tasks that fail now, and removes the oldest of too many.
--
-- p_task_ids   under which they are kept; one that is there already is replaced.
-- p_reasons    why they failed, JSON.
-- p_message_ids, p_queues, p_priorities, p_bodies  the messages.
-- p_expires    when they are forgotten.
-- p_limit      how many are kept.
-- p_max_bytes  how many bytes they may have together; 0: any number. One that alone has more is not
--              kept.
CREATE OR REPLACE FUNCTION taskhub.keep_failed(
    p_now bigint, p_task_ids text[], p_reasons text[], p_message_ids text[], p_queues text[],
    p_priorities bigint[], p_bodies bytea[], p_expires bigint, p_limit bigint, p_max_bytes bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    added bigint;
    added_bytes bigint;
    size record;
    oldest record;
    removed bigint := 0;
    removed_bytes bigint := 0;
BEGIN
    WITH given AS (
        SELECT
            *,
            -- Reason, line break, record (message.py): queue, priority, task id, body.
            octet_length(reason) + octet_length(queue) + octet_length(message_id)
                + octet_length(body) + 5 AS bytes
        FROM unnest(p_task_ids, p_reasons, p_message_ids, p_queues, p_priorities, p_bodies)
            WITH ORDINALITY AS one (key, reason, message_id, queue, priority, body, place)
    ), failed AS (
        SELECT DISTINCT ON (key) *
        FROM given
        WHERE p_max_bytes = 0 OR bytes <= p_max_bytes
        ORDER BY key, place DESC
    ), stored AS (
        INSERT INTO taskhub.failed_messages AS kept
            (key, reason, task_id, queue, priority, body, bytes, expires)
        SELECT key, reason, message_id, queue, priority, body, bytes, p_expires
        FROM failed
        ORDER BY key COLLATE "C"
        ON CONFLICT (key) DO UPDATE
        SET
            reason = EXCLUDED.reason,
            task_id = EXCLUDED.task_id,
            queue = EXCLUDED.queue,
            priority = EXCLUDED.priority,
            body = EXCLUDED.body,
            bytes = EXCLUDED.bytes,
            bytes_before = kept.bytes,
            expires = EXCLUDED.expires
        RETURNING bytes, bytes_before
    )
    SELECT count(*) FILTER (WHERE bytes_before = 0), coalesce(sum(bytes - bytes_before), 0)
    INTO added, added_bytes
    FROM stored;
    SELECT * INTO size FROM taskhub.change_size('failed', added, added_bytes);
    -- One at a time, which sees what the one before has removed: two would remove twice as much.
    IF size.entries <= p_limit AND (p_max_bytes = 0 OR size.bytes <= p_max_bytes)
        OR NOT pg_try_advisory_xact_lock(1952999276, hashtext('taskhub.keep_failed'))
    THEN
        RETURN;
    END IF;
    SELECT * INTO size FROM taskhub.change_size('failed', 0, 0);
    FOR oldest IN
        SELECT key, bytes FROM taskhub.failed_messages ORDER BY expires, key FOR UPDATE SKIP LOCKED
    LOOP
        EXIT WHEN size.entries - removed <= p_limit
            AND (p_max_bytes = 0 OR size.bytes - removed_bytes <= p_max_bytes);
        DELETE FROM taskhub.failed_messages WHERE key = oldest.key;
        removed := removed + 1;
        removed_bytes := removed_bytes + oldest.bytes;
    END LOOP;
    PERFORM taskhub.change_size('failed', -removed, -removed_bytes);
END
$$;
