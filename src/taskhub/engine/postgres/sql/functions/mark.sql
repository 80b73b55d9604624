-- Marks a claimed message so that it is not run again: 'a' it is acknowledged early, 't' over its
-- hard time limit. The message is kept, so that the next to claim it, after the loss of this worker,
-- ends the task, with all that this causes. Returns false if the claim no longer stands.
CREATE OR REPLACE FUNCTION taskhub.mark(p_worker text, p_key text, p_token text, p_mark text)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM taskhub.claims
    WHERE worker = p_worker AND key = p_key AND token = p_token FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    UPDATE taskhub.messages SET mark = p_mark WHERE key = p_key;
    RETURN true;
END
$$;
