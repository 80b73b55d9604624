-- Returns the id of this store. Callers ask in their own transactions, as users who need no more
-- than USAGE of the schema.
CREATE OR REPLACE FUNCTION taskhub.store_id() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER AS $$
    SELECT id FROM taskhub.identity
$$;
