-- Counts the messages of failed tasks.
SELECT count(*) FROM taskhub.failed_messages
