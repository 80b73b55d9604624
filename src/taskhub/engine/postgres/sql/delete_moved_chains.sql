-- Deletes the links of chains that another store has taken.
--
-- $1 ids.
WITH gone AS (DELETE FROM taskhub.chain_links WHERE chain_id = ANY ($1::text[]))
DELETE FROM taskhub.chains WHERE chain_id = ANY ($1::text[])
