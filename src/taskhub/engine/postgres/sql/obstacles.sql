-- Looks for what keeps the user of this connection from working: its name; whether the server
-- cannot be written to; tables and sequences of which it lacks rights, each with those; functions
-- that it may not call.
--
-- $1 the schema.
SELECT
    current_user::text,
    pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on',
    ARRAY(
        SELECT c.relname || ': ' || string_agg(wanted.right_name, ', ' ORDER BY wanted.right_name)
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        CROSS JOIN unnest(CASE
            WHEN c.relkind = 'S' THEN ARRAY['USAGE', 'SELECT', 'UPDATE']
            ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']
        END) AS wanted (right_name)
        WHERE n.nspname = $1::text AND c.relkind IN ('r', 'S')
            AND c.relname NOT IN ('migrations', 'functions')
            AND NOT CASE
                WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, wanted.right_name)
                ELSE has_table_privilege(c.oid, wanted.right_name)
            END
        GROUP BY c.relname
        ORDER BY c.relname
    ),
    ARRAY(
        SELECT DISTINCT p.proname::text
        FROM pg_proc AS p
        JOIN pg_namespace AS n ON n.oid = p.pronamespace
        WHERE n.nspname = $1::text AND NOT has_function_privilege(p.oid, 'EXECUTE')
        ORDER BY 1
    )
