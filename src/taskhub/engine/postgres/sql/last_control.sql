-- Reads the number of the last control message; 0: there was none.
SELECT coalesce(max(number), 0) FROM taskhub.control_messages
