-- Counts entries of the history; the parameters are those of history_page.sql.
CREATE OR REPLACE FUNCTION taskhub.history_count(
    p_now bigint, p_history_ttl bigint, p_since bigint, p_tasks text[], p_states text[]
) RETURNS bigint
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_custom_plan
AS $$
DECLARE
    oldest bigint := greatest(p_since, taskhub.clock(p_now) - p_history_ttl);
    any_success boolean := p_states IS NULL OR 'SUCCESS' = ANY (p_states);
BEGIN
    RETURN (
        SELECT count(*)
        FROM taskhub.history
        WHERE
            ended_at >= oldest
            AND (p_tasks IS NULL OR task = ANY (p_tasks))
            AND (p_states IS NULL OR state = ANY (p_states))
            AND (any_success OR state <> 'SUCCESS')
    );
END
$$;
