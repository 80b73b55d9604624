-- Renews the leases of live workers, and finds those whose lease has run out. Forgets what has
-- served its time, some at each call.
--
-- Returns  the workers whose lease has run out, the first one first.
CREATE OR REPLACE FUNCTION taskhub.renew(
    p_now bigint, p_workers text[], p_lease bigint, p_history_ttl bigint
) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
BEGIN
    INSERT INTO taskhub.workers
    SELECT DISTINCT name, present + p_lease FROM unnest(p_workers) AS name ORDER BY name
    ON CONFLICT (worker) DO UPDATE SET until = EXCLUDED.until;
    PERFORM taskhub.forget_ended(present);
    PERFORM taskhub.forget_expired(present, p_history_ttl);
    RETURN ARRAY(SELECT worker FROM taskhub.workers WHERE until <= present ORDER BY until, worker);
END
$$;
