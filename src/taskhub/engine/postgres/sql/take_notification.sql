-- Takes a notification (functions/take_notification.sql).
--
-- $1 topics.
SELECT taskhub.take_notification($1::text[])
