-- Forgets what has served its time, some rows of each table, and merges the stripes of counts whose
-- minute is over. A call leaves it to another one that is at it.
--
-- p_history_ttl  for how long the history keeps tasks, ms.
-- p_limit  how many rows of a table at most, where they may be many.
-- Returns  how many of the table with the most: as many as p_limit, and there may be more.
CREATE OR REPLACE FUNCTION taskhub.clean_up(p_now bigint, p_history_ttl bigint, p_limit bigint)
RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
BEGIN
    IF NOT pg_try_advisory_xact_lock(1952999276, hashtext('taskhub.clean_up')) THEN
        RETURN 0;
    END IF;
    -- What is written here may be lost in a crash of the server: it would be forgotten again.
    PERFORM set_config('synchronous_commit', 'off', true);
    RETURN greatest(
        taskhub.forget_ended(present, p_limit),
        taskhub.forget_kept(present, p_history_ttl, p_limit)
    );
END
$$;
