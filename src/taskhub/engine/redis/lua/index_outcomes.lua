-- Indexes outcomes: brings them into counts and history, so that a reader sees all that have ended.
--
-- ARGV[2]  how long statistics are kept, ms.
-- ARGV[3]  how many tasks the history keeps.
-- Returns  1.

answer = 1
index_outcomes(tonumber(ARGV[2]), tonumber(ARGV[3]))
return answer
