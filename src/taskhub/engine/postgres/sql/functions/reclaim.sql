-- Takes the claims of a lost worker away: each message returns to its position in its queue, counted
-- as a delivery that ended without an outcome. One that has had too many of those is ended by the
-- next to claim it.
--
-- p_only_expired  only if its lease has run out.
-- Returns  how many messages went back, NULL if the lease has not run out; the queues that grew.
CREATE OR REPLACE FUNCTION taskhub.reclaim(
    p_now bigint, p_worker text, p_only_expired boolean, OUT reclaimed bigint, OUT grown text[]
)
LANGUAGE plpgsql AS $$
DECLARE
    expired boolean;
    went_back text[];
BEGIN
    grown := '{}';
    -- Waits for its claims and commits that are under way, and these for us.
    PERFORM pg_advisory_xact_lock(1952999275, hashtext('taskhub.worker ' || p_worker));
    IF p_only_expired THEN
        SELECT until <= taskhub.clock(p_now) INTO expired
        FROM taskhub.workers WHERE worker = p_worker FOR UPDATE;
        IF expired IS NOT TRUE THEN
            RETURN;
        END IF;
    END IF;
    SELECT r.requeued, r.grown INTO went_back, grown
    FROM taskhub.requeue(p_worker, '{}', true, true) AS r;
    DELETE FROM taskhub.workers WHERE worker = p_worker;
    reclaimed := cardinality(went_back);
END
$$;
