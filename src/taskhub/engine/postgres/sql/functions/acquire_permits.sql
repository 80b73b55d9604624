-- Lets claimed messages of limited tasks begin, or takes them out of their worker's hands to wait
-- for permits.
--
-- p_worker  who holds them.
-- p_keys, p_tokens, p_tasks, p_intervals, p_bursts  of each message: its claim, the name of its
--           task, the rate of that.
-- Returns   for each whether it may begin; and the milliseconds until the next permit for messages
--           of these tasks that wait, NULL if none waits.
-- Keeps     a task begins only with a token of its bucket, and none before one of its name that
--           waits at an earlier position.
CREATE OR REPLACE FUNCTION taskhub.acquire_permits(
    p_now bigint, p_worker text, p_keys text[], p_tokens text[], p_tasks text[],
    p_intervals bigint[], p_bursts bigint[], OUT granted boolean[], OUT next_permit bigint
) LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
    bucket taskhub.buckets;
    wanted record;
    is_granted boolean;
    moment bigint;
BEGIN
    -- Who reclaims what this worker holds waits for this transaction, or this one for them.
    PERFORM pg_advisory_xact_lock_shared(1952999275, hashtext('taskhub.worker ' || p_worker));
    granted := array_fill(false, ARRAY[coalesce(cardinality(p_keys), 0)]);
    INSERT INTO taskhub.buckets (task)
    SELECT DISTINCT task FROM unnest(p_tasks) AS task ORDER BY task
    ON CONFLICT DO NOTHING;
    -- Task by task in the order of their names, as everybody locks them.
    FOR wanted IN
        SELECT DISTINCT ON (task) task, token_interval, burst
        FROM unnest(p_tasks, p_intervals, p_bursts) WITH ORDINALITY
            AS given (task, token_interval, burst, place)
        ORDER BY task, place
    LOOP
        SELECT * INTO bucket FROM taskhub.buckets WHERE task = wanted.task FOR UPDATE;
        bucket.token_interval := wanted.token_interval;
        bucket.burst := wanted.burst;
        FOR place IN 1 .. cardinality(p_keys) LOOP
            IF p_tasks[place] = wanted.task THEN
                SELECT one.is_granted, one.full_at INTO is_granted, bucket.full_at
                FROM taskhub.grant_or_wait(
                    present, p_worker, p_keys[place], p_tokens[place], bucket
                ) AS one;
                granted[place] := is_granted;
            END IF;
        END LOOP;
        moment := taskhub.set_permit(bucket, present, NULL);
        next_permit := least(next_permit, moment);
    END LOOP;
    next_permit := next_permit - present;
END
$$;
