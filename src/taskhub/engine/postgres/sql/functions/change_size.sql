-- Adds to how many rows and bytes a table holds (0002: sizes); returns both, over all stripes.
CREATE OR REPLACE FUNCTION taskhub.change_size(
    p_kind text, p_entries bigint, p_bytes bigint, OUT entries bigint, OUT bytes bigint
) LANGUAGE plpgsql AS $$
BEGIN
    IF p_entries <> 0 OR p_bytes <> 0 THEN
        INSERT INTO taskhub.sizes AS kept
        VALUES (p_kind, pg_backend_pid(), p_entries, p_bytes)
        ON CONFLICT (kind, stripe) DO UPDATE
        SET entries = kept.entries + EXCLUDED.entries, bytes = kept.bytes + EXCLUDED.bytes;
    END IF;
    SELECT coalesce(sum(sizes.entries), 0), coalesce(sum(sizes.bytes), 0)
    INTO change_size.entries, change_size.bytes
    FROM taskhub.sizes
    WHERE kind = p_kind;
END
$$;
