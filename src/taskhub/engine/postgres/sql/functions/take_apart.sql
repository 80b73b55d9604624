-- Locks the foremost messages over some queues, suspects kept apart, and returns where they are in
-- `ready`. See claim.sql, whose arguments these are.
CREATE OR REPLACE FUNCTION taskhub.take_apart(
    p_queues text[],
    p_limit bigint,
    p_suspects text,
    p_lost_least bigint,
    p_lost_below bigint,
    OUT taken tid[],
    OUT takes_suspect boolean,
    OUT suspects_left boolean
)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
    -- A worker that gets no suspects looks behind so many of them.
    passed bigint := 100;
    foremost record;
    seen bigint := 0;
    suspects bigint := 0;
    any_suspect boolean := false;
    others tid[] := '{}';
BEGIN
    taken := '{}';
    takes_suspect := false;
    suspects_left := false;
    FOR foremost IN
        SELECT place, losses >= p_lost_least AND losses < p_lost_below AS is_suspect
        FROM unnest(p_queues) AS name CROSS JOIN LATERAL (
            SELECT ctid AS place, rank, sequence, key, losses FROM taskhub.ready
            WHERE queue = name
            ORDER BY rank, sequence, key LIMIT p_limit + passed FOR UPDATE SKIP LOCKED
        ) AS found
        ORDER BY rank, sequence, key LIMIT p_limit + passed
    LOOP
        seen := seen + 1;
        any_suspect := any_suspect OR (foremost.is_suspect AND seen <= p_limit);
        -- Without a suspect among the first, they are taken as ever.
        EXIT WHEN seen > p_limit AND (NOT any_suspect OR p_suspects = 'one');
        IF NOT foremost.is_suspect THEN
            others := others || foremost.place;
        ELSE
            suspects := suspects + 1;
            IF p_suspects = 'one' AND suspects = 1 THEN
                taken := ARRAY[foremost.place];
            END IF;
        END IF;
    END LOOP;
    takes_suspect := any_suspect AND p_suspects = 'one';
    IF takes_suspect THEN
        suspects_left := suspects > 1;
    ELSE
        suspects_left := any_suspect;
        taken := others[1:p_limit];
    END IF;
END
$$;
