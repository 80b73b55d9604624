-- Reads what operators ask of a server: settings, how many connections are open of how many, how near
-- the wraparound of transaction numbers is, and how much the database holds, bytes.
SELECT
    split_part(current_setting('server_version'), ' ', 1),
    current_setting('autovacuum'),
    current_setting('fsync'),
    current_setting('synchronous_commit'),
    current_setting('max_connections'),
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend')::text,
    (SELECT age(datfrozenxid) FROM pg_database WHERE datname = current_database())::text,
    pg_database_size(current_database())::text
