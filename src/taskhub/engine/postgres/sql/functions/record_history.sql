-- Adds tasks that end now to the history, and removes the oldest of more than `p_limit`.
--
-- p_task_ids, p_tasks, p_states, p_records  of each: its id, its name, the state in which it ended,
--           a text that is not opened here.
-- p_limit   how many are kept; of more than a hundred, one percent more between two clearings.
-- Keeps     a task id has one entry: that of its last end.
CREATE OR REPLACE FUNCTION taskhub.record_history(
    p_now bigint, p_task_ids text[], p_tasks text[], p_states text[], p_records text[],
    p_limit bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
    added bigint;
    excess bigint;
    removed bigint;
BEGIN
    WITH ended AS (
        SELECT DISTINCT ON (task_id) task_id, task, state, record
        FROM unnest(p_task_ids, p_tasks, p_states, p_records) WITH ORDINALITY
            AS given (task_id, task, state, record, place)
        ORDER BY task_id, place DESC
    ), stored AS (
        INSERT INTO taskhub.history AS kept (task_id, task, state, ended_at, record)
        SELECT task_id, task, state, present, record FROM ended ORDER BY task_id COLLATE "C"
        ON CONFLICT (task_id) DO UPDATE
        SET
            task = EXCLUDED.task,
            state = EXCLUDED.state,
            ended_at = EXCLUDED.ended_at,
            record = EXCLUDED.record
        RETURNING xmax = 0 AS is_new
    )
    SELECT count(*) FILTER (WHERE is_new) INTO added FROM stored;
    SELECT entries - p_limit INTO excess FROM taskhub.change_size('history', added, 0);
    -- One at a time, which sees what the one before has removed: two would remove twice as much.
    IF excess <= p_limit / 100
        OR NOT pg_try_advisory_xact_lock(1952999276, hashtext('taskhub.record_history'))
    THEN
        RETURN;
    END IF;
    SELECT entries - p_limit INTO excess FROM taskhub.change_size('history', 0, 0);
    IF excess <= 0 THEN
        RETURN;
    END IF;
    DELETE FROM taskhub.history WHERE task_id IN (
        SELECT task_id FROM taskhub.history
        ORDER BY ended_at, task_id
        LIMIT least(excess, 2000 + added)
        FOR UPDATE SKIP LOCKED
    );
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM taskhub.change_size('history', -removed, 0);
END
$$;
