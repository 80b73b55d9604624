-- Appends events to the stream, and drops the oldest of too many.
--
-- p_events  JSON texts.
-- p_kept    about how many are kept.
-- Keeps     numbers grow in the order in which events can be seen: who has read up to one has
--           missed none before it. For that a lock is held until the commit is on the disk, so this
--           comes last in a transaction.
CREATE OR REPLACE FUNCTION taskhub.record_events(
    p_now bigint, p_events text[], p_kept bigint
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    added bigint := coalesce(cardinality(p_events), 0);
    step bigint := greatest(1, p_kept / 10);
    last bigint;
BEGIN
    IF added = 0 THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(1952999276, hashtext('taskhub.events'));
    WITH appended AS (
        INSERT INTO taskhub.events (event)
        SELECT event FROM unnest(p_events) WITH ORDINALITY AS given (event, place) ORDER BY place
        RETURNING number
    )
    SELECT max(number) INTO last FROM appended;
    -- Not each time: many at once cost less.
    IF last / step > (last - added) / step THEN
        DELETE FROM taskhub.events WHERE number <= last - p_kept;
    END IF;
    PERFORM pg_notify('taskhub_' || md5('taskhub.events'), '');
END
$$;
