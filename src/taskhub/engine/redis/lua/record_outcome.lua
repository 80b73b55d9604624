-- Notes the outcome of a periodic run in the history of its entry.
--
-- ARGV[3]  the entry.
-- ARGV[4]  the id of the run.
-- ARGV[5]  the outcome, as JSON.
-- Returns  1, or 0 if the run is not in the history.

return update_history(ARGV[3], ARGV[4], function(run)
  run.outcome = ARGV[5]
end)
