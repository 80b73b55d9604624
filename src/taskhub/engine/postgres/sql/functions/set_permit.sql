-- Stores a bucket, and when the next of those that wait gets a permit: when half the bucket, or
-- enough for all, has come in; at `p_again` if some have just got one. Returns that; NULL: none
-- waits.
CREATE OR REPLACE FUNCTION taskhub.set_permit(
    p_bucket taskhub.buckets, p_now bigint, p_again bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    wanted bigint;
    moment bigint;
BEGIN
    SELECT count(*) INTO wanted
    FROM (
        SELECT FROM taskhub.limited
        WHERE task = p_bucket.task
        LIMIT greatest(1, p_bucket.burst / 2)
    ) AS first;
    IF wanted > 0 THEN
        moment := coalesce(p_again, greatest(p_now, ceil(
            (p_bucket.full_at - (p_bucket.burst - wanted) * p_bucket.token_interval)::numeric / 1000
        )::bigint));
    END IF;
    UPDATE taskhub.buckets
    SET
        token_interval = p_bucket.token_interval,
        burst = p_bucket.burst,
        full_at = p_bucket.full_at,
        next_permit = moment
    WHERE task = p_bucket.task;
    RETURN moment;
END
$$;
