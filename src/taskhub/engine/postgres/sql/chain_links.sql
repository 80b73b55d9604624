-- Returns stored links of a chain.
--
-- $1 the chain, $2 the first one, $3 how many.
SELECT link FROM taskhub.chain_links
WHERE chain_id = $1::text AND number >= $2::bigint AND number < $2::bigint + $3::bigint
ORDER BY number
