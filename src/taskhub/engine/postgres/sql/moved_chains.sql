-- Returns the links of chains in order, with how long each chain is kept.
--
-- $1 now, $2 ids.
SELECT chain_id, link, expires - taskhub.clock($1::bigint)
FROM taskhub.chains JOIN taskhub.chain_links USING (chain_id)
WHERE chain_id = ANY ($2::text[]) ORDER BY chain_id, number
