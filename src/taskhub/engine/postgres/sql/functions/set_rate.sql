-- Changes how fast the tasks of a name begin, from now on and for those that wait already; returns
-- the queues that grew.
--
-- p_interval  microseconds; 0: without limit.
CREATE OR REPLACE FUNCTION taskhub.set_rate(
    p_now bigint, p_task text, p_interval bigint, p_burst bigint
) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
BEGIN
    INSERT INTO taskhub.buckets (task) VALUES (p_task) ON CONFLICT DO NOTHING;
    -- What was taken at the old rate is not paid for at the new one, but for the last token.
    UPDATE taskhub.buckets
    SET
        token_interval = p_interval,
        burst = p_burst,
        full_at = least(full_at, present * 1000 + p_interval)
    WHERE task = p_task;
    RETURN taskhub.grant_permits(present, p_task);
END
$$;
