-- Reads the number of the last event; 0: there was none.
SELECT coalesce(max(number), 0) FROM taskhub.events
