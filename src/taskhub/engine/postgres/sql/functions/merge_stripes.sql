-- Merges the counts of minutes that are over, and sizes that other connections have left, into
-- stripe 0; drops counts that have expired, some at a time.
CREATE OR REPLACE FUNCTION taskhub.merge_stripes(p_now bigint) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM taskhub.counts WHERE expires <= p_now AND (minute, field, stripe) IN (
        SELECT minute, field, stripe FROM taskhub.counts ORDER BY minute, field, stripe LIMIT 500
    );
    DELETE FROM taskhub.failures WHERE expires <= p_now AND (minute, field, stripe) IN (
        SELECT minute, field, stripe FROM taskhub.failures ORDER BY minute, field, stripe LIMIT 500
    );
    WITH over AS (
        DELETE FROM taskhub.counts WHERE (minute, field, stripe) IN (
            SELECT minute, field, stripe FROM taskhub.counts
            WHERE stripe <> 0 AND minute < p_now / 60000 - 1
            ORDER BY minute
            LIMIT 5000
            FOR UPDATE SKIP LOCKED
        )
        RETURNING *
    )
    INSERT INTO taskhub.counts AS kept (minute, field, stripe, times, expires)
    SELECT minute, field, 0, sum(times), max(expires) FROM over GROUP BY minute, field
    ON CONFLICT (minute, field, stripe) DO UPDATE
    SET
        times = kept.times + EXCLUDED.times,
        expires = greatest(kept.expires, EXCLUDED.expires);
    WITH over AS (
        DELETE FROM taskhub.failures WHERE (minute, field, stripe) IN (
            SELECT minute, field, stripe FROM taskhub.failures
            WHERE stripe <> 0 AND minute < p_now / 60000 - 1
            ORDER BY minute
            LIMIT 5000
            FOR UPDATE SKIP LOCKED
        )
        RETURNING *
    )
    INSERT INTO taskhub.failures AS kept (minute, field, stripe, times, example, at, expires)
    SELECT
        minute, field, 0, sum(times), (array_agg(example ORDER BY at DESC))[1], max(at),
        max(expires)
    FROM over
    GROUP BY minute, field
    ON CONFLICT (minute, field, stripe) DO UPDATE
    SET
        times = kept.times + EXCLUDED.times,
        example = CASE WHEN EXCLUDED.at >= kept.at THEN EXCLUDED.example ELSE kept.example END,
        at = greatest(kept.at, EXCLUDED.at),
        expires = greatest(kept.expires, EXCLUDED.expires);
    IF (SELECT count(*) FROM taskhub.sizes) > 50 THEN
        WITH left_behind AS (
            DELETE FROM taskhub.sizes WHERE (kind, stripe) IN (
                SELECT kind, stripe FROM taskhub.sizes WHERE stripe <> 0 FOR UPDATE SKIP LOCKED
            )
            RETURNING *
        )
        INSERT INTO taskhub.sizes AS kept
        SELECT kind, 0, sum(entries), sum(bytes) FROM left_behind GROUP BY kind
        ON CONFLICT (kind, stripe) DO UPDATE
        SET entries = kept.entries + EXCLUDED.entries, bytes = kept.bytes + EXCLUDED.bytes;
    END IF;
END
$$;
