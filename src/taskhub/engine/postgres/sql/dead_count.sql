-- Counts the dead letters.
SELECT count(*) FROM taskhub.dead_letters
