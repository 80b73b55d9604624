-- Locks the periodic jobs of an app until the end of the transaction; returns their leadership and
-- version.
CREATE OR REPLACE FUNCTION taskhub.lock_schedule(p_app text) RETURNS taskhub.schedules
LANGUAGE plpgsql AS $$
DECLARE
    schedule taskhub.schedules;
BEGIN
    SELECT * INTO schedule FROM taskhub.schedules WHERE app = p_app FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO taskhub.schedules (app) VALUES (p_app) ON CONFLICT DO NOTHING;
        SELECT * INTO schedule FROM taskhub.schedules WHERE app = p_app FOR UPDATE;
    END IF;
    RETURN schedule;
END
$$;
