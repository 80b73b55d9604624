-- Removes tasks from the history; returns the ids of those that were there.
CREATE OR REPLACE FUNCTION taskhub.remove_history(p_task_ids text[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    found text[];
BEGIN
    WITH gone AS (
        DELETE FROM taskhub.history WHERE task_id IN (
            SELECT task_id FROM taskhub.history
            WHERE task_id = ANY (p_task_ids)
            ORDER BY task_id
            FOR UPDATE
        )
        RETURNING task_id
    )
    SELECT coalesce(array_agg(task_id), '{}') INTO found FROM gone;
    PERFORM taskhub.change_size('history', -cardinality(found), 0);
    RETURN found;
END
$$;
