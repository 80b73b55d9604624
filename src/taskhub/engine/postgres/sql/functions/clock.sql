-- Returns the present in ms: what a test says that it is, or the server's.
CREATE OR REPLACE FUNCTION taskhub.clock(p_now bigint) RETURNS bigint
LANGUAGE sql VOLATILE PARALLEL SAFE AS $$
    SELECT coalesce(p_now, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
$$;
