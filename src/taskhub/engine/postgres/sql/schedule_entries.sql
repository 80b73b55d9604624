-- Reads the stored entries of an app, and which version of them: version, names, documents.
--
-- $1 the app.
SELECT
    coalesce((SELECT version FROM taskhub.schedules WHERE app = $1::text), 0),
    coalesce(array_agg(entry ORDER BY entry), '{}'),
    coalesce(array_agg(document ORDER BY entry), '{}')
FROM taskhub.schedule_entries
WHERE app = $1::text
