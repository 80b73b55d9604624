-- Stores which results a group has.
--
-- $1 now; $2 group; $3 document; $4 time to live, ms, or NULL.
INSERT INTO taskhub.group_documents
VALUES ($2::text, $3::text, taskhub.clock($1::bigint) + $4::bigint)
ON CONFLICT (group_id) DO UPDATE SET document = EXCLUDED.document, expires = EXCLUDED.expires
