-- Writes an intermediate state (STARTED, PROGRESS, ...), never over a SUCCESS, as in Celery.
--
-- p_worker, p_key, p_token  to write only while that claim stands; NULL: no such condition.
-- Returns  whether it was written.
CREATE OR REPLACE FUNCTION taskhub.store_state(
    p_now bigint,
    p_task_id text,
    p_document text,
    p_ttl bigint,
    p_worker text,
    p_key text,
    p_token text
) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    present bigint := taskhub.clock(p_now);
BEGIN
    IF p_worker IS NOT NULL THEN
        PERFORM FROM taskhub.claims
        WHERE worker = p_worker AND key = p_key AND token = p_token FOR SHARE;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END IF;
    INSERT INTO taskhub.result_documents AS r
    VALUES (p_task_id, p_document, present + p_ttl)
    ON CONFLICT (task_id) DO UPDATE
    SET document = EXCLUDED.document, expires = EXCLUDED.expires
    WHERE r.expires <= present OR r.document !~ '^\{"status": ?"SUCCESS"';
    RETURN FOUND;
END
$$;
