-- Counts outcomes in the present minute, and what tasks failed with.
--
-- p_tallies  one text for each outcome, as statistics/tally.py writes it; '' is not counted.
-- p_keep     for how long they are kept, ms; 0: nothing is counted.
-- Keeps      no commit waits for another one: each connection counts in rows of its own, which are
--            added up when they are read, and merged when their minute is over (forget_expired).
CREATE OR REPLACE FUNCTION taskhub.record_statistics(
    p_now bigint, p_tallies text[], p_keep bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
    known bigint;
BEGIN
    IF p_keep <= 0 THEN
        RETURN;
    END IF;
    INSERT INTO taskhub.counts AS kept (minute, field, stripe, times, expires)
    SELECT present / 60000, fields.field, pg_backend_pid(), sum(tallies.times), present + p_keep
    FROM (
        SELECT string_to_array(tally, E'\n') AS lines, count(*) AS times
        FROM unnest(p_tallies) AS tally
        WHERE tally <> ''
        GROUP BY tally
    ) AS tallies
    CROSS JOIN LATERAL (
        SELECT lines[1] || E'\n' || lines[2] || E'\n' || part.kind || part.value AS field
        FROM (VALUES ('=', lines[3]), ('r', lines[4]), ('w', lines[5])) AS part (kind, value)
        WHERE part.kind = '=' OR part.value <> ''
    ) AS fields
    GROUP BY fields.field
    ORDER BY fields.field
    ON CONFLICT (minute, field, stripe) DO UPDATE
    SET times = kept.times + EXCLUDED.times, expires = EXCLUDED.expires;

    -- A failure has three lines more: the exception's class, its message, the task id.
    IF NOT EXISTS (
        SELECT FROM unnest(p_tallies) AS tally WHERE tally LIKE E'%\n%\n%\n%\n%\n%'
    ) THEN
        RETURN;
    END IF;
    SELECT count(DISTINCT field) INTO known FROM taskhub.failures WHERE minute = present / 60000;
    WITH failed AS (
        SELECT parts[1] || E'\n' || parts[2] AS field, parts[3] AS example, number
        FROM unnest(p_tallies) WITH ORDINALITY AS given (tally, number)
        CROSS JOIN LATERAL regexp_match(
            tally, '^([^\n]*\n[^\n]*)\n[^\n]*\n[^\n]*\n[^\n]*\n([^\n]*)\n(.*)$'
        ) AS parts
        WHERE parts IS NOT NULL
    ), kinds AS (
        SELECT
            field,
            count(*) AS times,
            (array_agg(example ORDER BY number DESC))[1] AS example,
            EXISTS (
                SELECT FROM taskhub.failures AS other
                WHERE other.minute = present / 60000 AND other.field = failed.field
            ) AS is_known,
            min(number) AS first
        FROM failed
        GROUP BY field
    ), ranked AS (
        SELECT *, row_number() OVER (PARTITION BY is_known ORDER BY first) AS place FROM kinds
    )
    INSERT INTO taskhub.failures AS kept (minute, field, stripe, times, example, at, expires)
    SELECT present / 60000, field, pg_backend_pid(), times, example, present, present + p_keep
    FROM ranked
    -- No more than a hundred kinds a minute: statistics/failures.py.
    WHERE is_known OR known + place <= 100
    ORDER BY field
    ON CONFLICT (minute, field, stripe) DO UPDATE
    SET
        times = kept.times + EXCLUDED.times,
        example = EXCLUDED.example,
        at = EXCLUDED.at,
        expires = EXCLUDED.expires;
END
$$;
