-- Replaces a stored entry, unless it has changed meanwhile (then it returns false), and says so in
-- the audit log, in the same step.
--
-- p_before, p_after  what is stored, what is to be stored; NULL: nothing.
-- p_fires            'keep', 'restart' or 'forget' its fire times (see FireHistory).
-- p_who .. p_kept    the entry of the audit log (append_audit.sql).
CREATE OR REPLACE FUNCTION taskhub.change_entry(
    p_now bigint, p_app text, p_entry text, p_before bytea, p_after bytea, p_fires text,
    p_who text, p_action text, p_target text, p_affected bigint, p_details text, p_kept bigint
) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM taskhub.lock_schedule(p_app);
    IF p_before IS DISTINCT FROM (
        SELECT document FROM taskhub.schedule_entries WHERE app = p_app AND entry = p_entry
    ) THEN
        RETURN false;
    END IF;
    IF p_after IS NULL THEN
        DELETE FROM taskhub.schedule_entries WHERE app = p_app AND entry = p_entry;
    ELSE
        INSERT INTO taskhub.schedule_entries VALUES (p_app, p_entry, p_after)
        ON CONFLICT (app, entry) DO UPDATE SET document = EXCLUDED.document;
    END IF;
    IF p_fires = 'restart' THEN
        UPDATE taskhub.last_runs
        SET fire = greatest(fire, taskhub.clock(p_now))
        WHERE app = p_app AND entry = p_entry;
    ELSIF p_fires = 'forget' THEN
        DELETE FROM taskhub.last_runs WHERE app = p_app AND entry = p_entry;
        DELETE FROM taskhub.queued_fires WHERE app = p_app AND entry = p_entry;
        DELETE FROM taskhub.periodic_runs WHERE app = p_app AND entry = p_entry;
    END IF;
    UPDATE taskhub.schedules SET version = version + 1 WHERE app = p_app;
    PERFORM taskhub.append_audit(
        p_now, p_who, p_action, p_target, p_affected, p_details, p_kept
    );
    RETURN true;
END
$$;
