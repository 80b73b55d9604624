-- Makes messages ready again that get a permit now, whatever their task. Returns the queues that
-- grew, and when the next permit comes, ms; NULL: none waits for one.
CREATE OR REPLACE FUNCTION taskhub.grant_due_permits(
    p_now bigint, OUT grown text[], OUT next_permit bigint
) LANGUAGE plpgsql AS $$
DECLARE
    present bigint;
    due text;
BEGIN
    grown := '{}';
    SELECT min(buckets.next_permit) INTO next_permit
    FROM taskhub.buckets
    WHERE buckets.next_permit IS NOT NULL;
    IF next_permit IS NULL THEN
        RETURN;
    END IF;
    present := taskhub.clock(p_now);
    FOR attempt IN 1 .. 10 LOOP
        EXIT WHEN next_permit > present;
        -- One that is locked is dealt with by another claim, or was just asked for permits.
        SELECT task INTO due
        FROM taskhub.buckets
        WHERE buckets.next_permit <= present
        ORDER BY buckets.next_permit, task
        LIMIT 1
        FOR UPDATE SKIP LOCKED;
        EXIT WHEN NOT FOUND;
        grown := grown || taskhub.grant_permits(present, due);
        SELECT min(buckets.next_permit) INTO next_permit
        FROM taskhub.buckets
        WHERE buckets.next_permit IS NOT NULL;
        EXIT WHEN next_permit IS NULL;
    END LOOP;
END
$$;
