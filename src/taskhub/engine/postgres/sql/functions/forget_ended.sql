-- Forgets what has served its time, some of each at a time: revocations, dead letters, results,
-- producers, chords and chains whose messages were purged, and who waited and lives no longer.
CREATE OR REPLACE FUNCTION taskhub.forget_ended(p_now bigint) RETURNS void
LANGUAGE plpgsql
SET enable_seqscan = off
SET jit = off
AS $$
DECLARE
    remembered bigint := 600000;
BEGIN
    DELETE FROM taskhub.revoked WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM taskhub.revoked WHERE until <= p_now LIMIT 1000 FOR UPDATE SKIP LOCKED
    ));
    DELETE FROM taskhub.revoked_stamps WHERE until <= p_now;
    DELETE FROM taskhub.dead_letters WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM taskhub.dead_letters WHERE expires <= p_now
        LIMIT 100 FOR UPDATE SKIP LOCKED
    ));
    DELETE FROM taskhub.result_documents WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM taskhub.result_documents WHERE expires <= p_now
        LIMIT 10000 FOR UPDATE SKIP LOCKED
    ));
    DELETE FROM taskhub.group_documents WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM taskhub.group_documents WHERE expires <= p_now
        LIMIT 1000 FOR UPDATE SKIP LOCKED
    ));
    DELETE FROM taskhub.producers WHERE ctid = ANY (ARRAY(
        SELECT ctid FROM taskhub.producers WHERE at <= p_now - remembered
        LIMIT 1000 FOR UPDATE SKIP LOCKED
    ));
    PERFORM taskhub.delete_chords(ARRAY(
        SELECT chord_id FROM taskhub.chords WHERE expires <= p_now LIMIT 100 FOR UPDATE SKIP LOCKED
    ));
    WITH gone AS (
        DELETE FROM taskhub.chains WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM taskhub.chains WHERE expires <= p_now
            LIMIT 100 FOR UPDATE SKIP LOCKED
        ))
        RETURNING chain_id
    )
    DELETE FROM taskhub.chain_links USING gone WHERE chain_links.chain_id = gone.chain_id;
    -- A process that lives holds the lock of its number alone.
    DELETE FROM taskhub.waiters WHERE process IN (
        SELECT process FROM (
            -- In another order each time, so that a hundred that live hide none.
            SELECT process FROM taskhub.waiters GROUP BY process ORDER BY random() LIMIT 100
        ) AS waiting
        WHERE pg_try_advisory_xact_lock_shared(process)
    );
    DELETE FROM taskhub.followers WHERE process IN (
        SELECT process FROM (
            SELECT process FROM taskhub.followers GROUP BY process ORDER BY random() LIMIT 100
        ) AS following
        WHERE pg_try_advisory_xact_lock_shared(process)
    );
END
$$;
