-- Returns the id of this store. Callers ask in their own transactions, as users
-- who need no more than USAGE of the schema.
CREATE OR REPLACE FUNCTION taskhub.store_id() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    found text;
BEGIN
    SELECT id INTO found FROM taskhub.identity;
    IF found IS NULL THEN
        -- Somebody has emptied the table.
        INSERT INTO taskhub.identity (id) VALUES (gen_random_uuid()::text) ON CONFLICT DO NOTHING;
        SELECT id INTO found FROM taskhub.identity;
    END IF;
    RETURN found;
END
$$;
