-- Keeps the messages of failed tasks that are no dead letters (keep_failed.sql), before they end.
CREATE OR REPLACE FUNCTION taskhub.keep_failures(
    p_now bigint,
    p_committed bigint[],
    p_keys text[],
    p_task_ids text[],
    p_dead text[],
    p_failed text[],
    p_ttl bigint,
    p_limit bigint,
    p_max_bytes bigint
) RETURNS void
LANGUAGE sql AS $$
    SELECT taskhub.keep_failed(
        p_now, array_agg(task_id ORDER BY number), array_agg(failed ORDER BY number),
        array_agg(split_part(m.key, E'\n', 1) ORDER BY number), array_agg(queue ORDER BY number),
        array_agg(priority::bigint ORDER BY number), array_agg(body ORDER BY number),
        p_now + p_ttl, p_limit, p_max_bytes
    )
    FROM unnest(p_keys, p_task_ids, p_dead, p_failed)
        WITH ORDINALITY AS f (key, task_id, dead, failed, number)
    JOIN taskhub.messages AS m ON m.key = f.key
    WHERE failed IS NOT NULL AND dead IS NULL AND number = ANY (p_committed)
    HAVING count(*) > 0
$$;
