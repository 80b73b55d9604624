-- Reads a page of the history, the task that ended last first; a record is NULL unless p_records.
--
-- p_history_ttl  for how long tasks are kept, ms.
-- p_since        tasks that ended before are left out.
-- p_ended_at, p_task_id  the entry before the page; NULL: from the last one on.
-- p_tasks, p_states  names and states; NULL: any.
-- Without the state SUCCESS the index of the few others is used: the plan is made for the values.
CREATE OR REPLACE FUNCTION taskhub.history_page(
    p_now bigint, p_history_ttl bigint, p_since bigint, p_tasks text[], p_states text[],
    p_ended_at bigint, p_task_id text, p_limit bigint, p_records boolean
) RETURNS TABLE (task_id text, task text, state text, ended_at bigint, record text)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
DECLARE
    oldest bigint := greatest(p_since, taskhub.clock(p_now) - p_history_ttl);
    any_success boolean := p_states IS NULL OR 'SUCCESS' = ANY (p_states);
BEGIN
    RETURN QUERY
    SELECT task_id, task, state, ended_at, CASE WHEN p_records THEN record END
    FROM taskhub.history
    WHERE
        ended_at >= oldest
        AND (ended_at, task_id)
            < (coalesce(p_ended_at, 9223372036854775807), coalesce(p_task_id COLLATE "C", ''))
        AND (p_tasks IS NULL OR task = ANY (p_tasks))
        AND (p_states IS NULL OR state = ANY (p_states))
        AND (any_success OR state <> 'SUCCESS')
    ORDER BY ended_at DESC, task_id DESC
    LIMIT p_limit;
END
$$;
