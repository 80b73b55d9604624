-- Stores the links of chains, unless they are stored already, and keeps those of each chain for its
-- life, ms from now.
--
-- p_chains, p_lives  in the order in which it was said; 0: they are needed no longer. What is said
--     last counts.
-- p_link_plans  the plan that each link is of: of several for one chain the first counts.
CREATE OR REPLACE FUNCTION taskhub.keep_chains(
    p_now bigint,
    p_chains text[],
    p_lives bigint[],
    p_link_chains text[],
    p_link_plans bigint[],
    p_links text[]
) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    chain text;
BEGIN
    IF cardinality(p_chains) = 0 THEN
        RETURN;
    END IF;
    FOR chain IN SELECT DISTINCT name FROM unnest(p_link_chains) AS name ORDER BY name LOOP
        INSERT INTO taskhub.chains VALUES (chain, p_now) ON CONFLICT DO NOTHING;
        CONTINUE WHEN NOT FOUND;
        INSERT INTO taskhub.chain_links
        SELECT chain, row_number() OVER (ORDER BY number) - 1, link
        FROM (
            SELECT *, min(plan) OVER () AS first
            FROM unnest(p_link_chains, p_link_plans, p_links)
                WITH ORDINALITY AS l (name, plan, link, number)
            WHERE name = chain
        ) AS plans
        WHERE plan = first;
    END LOOP;
    PERFORM FROM taskhub.chains WHERE chain_id = ANY (p_chains) ORDER BY chain_id FOR UPDATE;
    UPDATE taskhub.chains SET expires = greatest(expires, p_now + life)
    FROM (
        SELECT name, max(lives.life) AS life
        FROM unnest(p_chains, p_lives) AS lives (name, life) GROUP BY name
    ) AS wanted
    WHERE chain_id = name AND life > 0;
    WITH last AS (
        SELECT DISTINCT ON (name) name, life
        FROM unnest(p_chains, p_lives) WITH ORDINALITY AS c (name, life, number)
        ORDER BY name, number DESC
    ), gone AS (
        DELETE FROM taskhub.chains USING last WHERE chain_id = name AND life = 0
    )
    DELETE FROM taskhub.chain_links USING last WHERE chain_id = name AND life = 0;
END
$$;
