-- Deals with one fire time of an entry: sends its messages, queues them behind the run before, or
-- skips them; and remembers it, so that neither this fire time nor one before it is ever dealt with
-- again.
--
-- p_token    the leadership.
-- p_fire     the fire time; NULL: out of turn.
-- p_ahead    a last fire time that lies further ahead of the clock was dealt with before the clock
--            was set back.
-- p_overlap  what to do while the run before waits or runs: 'allow', 'skip' or 'queue'.
-- p_most     how many fire times may be queued behind it.
-- p_kept     how many runs are remembered.
-- p_task_id  the run. p_task_ids .. p_etas: its messages (publish.sql); none: nothing is to be
--            sent.
-- Returns    'sent', 'queued', 'skipped', 'recorded', 'duplicate' or 'fenced' (see FireResult); the
--            queues that grew.
-- Keeps      a fire time is sent at most once, by the scheduler that leads; the record of it and
--            its messages are written together.
CREATE OR REPLACE FUNCTION taskhub.fire(
    p_now bigint, p_app text, p_token bigint, p_entry text, p_fire bigint, p_ahead bigint,
    p_overlap text, p_most bigint, p_kept bigint, p_task_id text, p_task_ids text[],
    p_queues text[], p_priorities bigint[], p_bodies bytea[], p_delays bigint[], p_etas bigint[],
    OUT result text, OUT grown text[]
) LANGUAGE plpgsql AS $$
DECLARE
    schedule taskhub.schedules := taskhub.lock_schedule(p_app);
    present bigint := taskhub.clock(p_now);
    run taskhub.last_runs;
    queued bigint;
BEGIN
    grown := '{}';
    IF p_fire IS NOT NULL AND (schedule.token <> p_token OR schedule.until <= present) THEN
        result := 'fenced';
        RETURN;
    END IF;
    SELECT * INTO run FROM taskhub.last_runs WHERE app = p_app AND entry = p_entry;
    IF run.fire >= p_fire AND NOT (p_fire <= present AND run.fire > present + p_ahead) THEN
        result := 'duplicate';
        RETURN;
    END IF;
    INSERT INTO taskhub.last_runs (app, entry, fire)
    VALUES (p_app, p_entry, coalesce(p_fire, present))
    ON CONFLICT (app, entry) DO UPDATE SET fire = coalesce(p_fire, last_runs.fire)
    RETURNING * INTO run;
    IF cardinality(p_task_ids) = 0 THEN
        result := 'recorded';
        RETURN;
    END IF;
    SELECT count(*) INTO queued
    FROM taskhub.queued_fires
    WHERE app = p_app AND entry = p_entry;
    IF p_overlap = 'allow' OR (
        queued = 0 AND NOT EXISTS (SELECT FROM taskhub.messages WHERE key = run.task_id)
    ) THEN
        result := 'sent';
        UPDATE taskhub.last_runs
        SET task_id = p_task_id, at = present, sent = sent + 1
        WHERE app = p_app AND entry = p_entry;
        grown := taskhub.publish(
            present, p_task_ids, p_queues, p_priorities, p_bodies, p_delays, p_etas
        );
    ELSIF p_overlap = 'queue' AND queued < p_most THEN
        result := 'queued';
        INSERT INTO taskhub.queued_fires
            (app, entry, task_id, task_ids, queues, priorities, bodies, delays, etas)
        VALUES (
            p_app, p_entry, p_task_id, p_task_ids, p_queues, p_priorities, p_bodies, p_delays,
            p_etas
        );
    ELSE
        result := 'skipped';
        UPDATE taskhub.last_runs SET skipped = skipped + 1 WHERE app = p_app AND entry = p_entry;
    END IF;
    INSERT INTO taskhub.periodic_runs (app, entry, fire, result, at, task_id)
    VALUES (p_app, p_entry, p_fire, fire.result, present, p_task_id);
    DELETE FROM taskhub.periodic_runs
    WHERE app = p_app AND entry = p_entry AND number <= (
        SELECT number FROM taskhub.periodic_runs
        WHERE app = p_app AND entry = p_entry
        ORDER BY number DESC
        OFFSET p_kept
        LIMIT 1
    );
END
$$;
