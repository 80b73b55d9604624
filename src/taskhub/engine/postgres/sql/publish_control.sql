-- Publishes a control message (functions/publish_control.sql).
--
-- $1 the present, $2 the message, $3 how many are kept.
SELECT taskhub.publish_control($1::bigint, $2::text, $3::bigint)
