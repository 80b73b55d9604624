-- Returns how many tasks of a bucket may begin now (ms).
CREATE OR REPLACE FUNCTION taskhub.count_tokens(p_bucket taskhub.buckets, p_now bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_bucket.token_interval = 0 THEN 500
        ELSE greatest(0, least(p_bucket.burst, p_bucket.burst - ceil(
            (p_bucket.full_at - p_now * 1000)::numeric / p_bucket.token_interval
        )))::bigint
    END
$$;
