-- Notifies one idle thread of each topic (functions/announce.sql).
--
-- $1 the topics, sorted.
SELECT taskhub.announce($1::text[])
