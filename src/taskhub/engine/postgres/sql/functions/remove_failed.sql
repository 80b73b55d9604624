-- Removes kept messages of failed tasks; returns the keys of those that were there.
CREATE OR REPLACE FUNCTION taskhub.remove_failed(p_keys text[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    found text[];
    found_bytes bigint;
BEGIN
    WITH gone AS (
        DELETE FROM taskhub.failed_messages WHERE key IN (
            SELECT key FROM taskhub.failed_messages
            WHERE key = ANY (p_keys)
            ORDER BY key
            FOR UPDATE
        )
        RETURNING key, bytes
    )
    SELECT coalesce(array_agg(key), '{}'), coalesce(sum(bytes), 0)
    INTO found, found_bytes
    FROM gone;
    PERFORM taskhub.change_size('failed', -cardinality(found), -found_bytes);
    RETURN found;
END
$$;
