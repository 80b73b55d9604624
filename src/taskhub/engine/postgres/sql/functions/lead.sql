-- Renews the leadership of the schedulers of an app, or begins one if nobody leads; then sends what
-- is queued behind runs that have ended.
--
-- p_token  what the last call has returned; 0: nothing yet.
-- p_lease  how long the leadership lasts without being renewed, ms.
-- Returns  the token, 0 if somebody else leads; who leads; the present; the version of the stored
--          entries; the queues that grew.
-- Keeps    at most one holds the token in force; tokens only grow, so that one who lost the
--          leadership cannot use it.
CREATE OR REPLACE FUNCTION taskhub.lead(
    p_now bigint, p_app text, p_holder text, p_token bigint, p_lease bigint,
    OUT given bigint, OUT leader text, OUT present bigint, OUT version bigint, OUT grown text[]
) LANGUAGE plpgsql AS $$
DECLARE
    schedule taskhub.schedules := taskhub.lock_schedule(p_app);
    is_own boolean;
    behind record;
    fire taskhub.queued_fires;
BEGIN
    present := taskhub.clock(p_now);
    version := schedule.version;
    grown := '{}';
    is_own := schedule.holder = p_holder AND schedule.token = p_token AND schedule.until > 0;
    -- A lease that ends later than any lease can was given before the clock was set back.
    IF NOT is_own AND schedule.until > present AND schedule.until <= present + 2 * p_lease THEN
        given := 0;
        leader := schedule.holder;
        RETURN;
    END IF;
    given := schedule.token + CASE WHEN is_own THEN 0 ELSE 1 END;
    leader := p_holder;
    UPDATE taskhub.schedules
    SET holder = p_holder, token = given, until = present + p_lease
    WHERE app = p_app;
    FOR behind IN
        SELECT queued.entry, min(queued.number) AS number
        FROM taskhub.queued_fires AS queued
        LEFT JOIN taskhub.last_runs AS run USING (app, entry)
        WHERE app = p_app
            AND NOT EXISTS (SELECT FROM taskhub.messages WHERE key = run.task_id)
        GROUP BY queued.entry
        ORDER BY queued.entry
    LOOP
        DELETE FROM taskhub.queued_fires
        WHERE app = p_app AND entry = behind.entry AND number = behind.number
        RETURNING * INTO fire;
        grown := grown || taskhub.publish(
            present, fire.task_ids, fire.queues, fire.priorities, fire.bodies, fire.delays,
            fire.etas
        );
        UPDATE taskhub.last_runs
        SET task_id = fire.task_id, at = present, sent = sent + 1
        WHERE app = p_app AND entry = behind.entry;
        UPDATE taskhub.periodic_runs
        SET result = 'sent', at = present
        WHERE app = p_app AND entry = behind.entry AND number = (
            SELECT max(number) FROM taskhub.periodic_runs
            WHERE app = p_app AND entry = behind.entry AND task_id = fire.task_id
        );
    END LOOP;
END
$$;
