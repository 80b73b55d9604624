-- Takes a notification of the first of some topics that has one; returns the topic, or NULL.
CREATE OR REPLACE FUNCTION taskhub.take_notification(p_topics text[]) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY p_topics LOOP
        DELETE FROM taskhub.notifications WHERE topic = wanted;
        IF FOUND THEN
            RETURN wanted;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;
