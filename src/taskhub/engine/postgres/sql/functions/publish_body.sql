-- Publishes the body of a chord; returns the queues that grew.
CREATE OR REPLACE FUNCTION taskhub.publish_body(p_now bigint, p_chord text) RETURNS text[]
LANGUAGE sql AS $$
    SELECT taskhub.publish(
        p_now,
        coalesce(array_agg(task_id ORDER BY number), '{}'),
        coalesce(array_agg(queue ORDER BY number), '{}'),
        coalesce(array_agg(priority::bigint ORDER BY number), '{}'),
        coalesce(array_agg(body ORDER BY number), '{}'),
        coalesce(array_agg(delay ORDER BY number), '{}'),
        coalesce(array_agg(eta ORDER BY number), '{}')
    )
    FROM taskhub.chord_bodies
    WHERE chord_id = p_chord
$$;
