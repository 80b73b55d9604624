-- Deletes which results a group has.
--
-- $1 group.
DELETE FROM taskhub.group_documents WHERE group_id = $1::text
