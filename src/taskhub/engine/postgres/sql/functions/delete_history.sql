-- Deletes entries of the history, and the messages of failed tasks that are kept under these ids;
-- returns the ids of those of which there was either.
CREATE OR REPLACE FUNCTION taskhub.delete_history(p_task_ids text[]) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    found text[];
BEGIN
    -- In this order everywhere: first messages, then entries.
    found := taskhub.remove_failed(p_task_ids);
    RETURN found || taskhub.remove_history(p_task_ids);
END
$$;
