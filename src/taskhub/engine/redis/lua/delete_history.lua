-- Deletes entries of the history, and the messages of failed tasks that are kept under these ids.
--
-- ARGV[2..] task ids.
-- Returns  those of which there was either.

local ids, found, gone = {}, {}, {}
for index = 2, #ARGV do
  local task_id = ARGV[index]
  ids[#ids + 1] = task_id
  count_freed(task_id)
  write('HDEL', FAILED_MESSAGES, task_id)
  if write('ZREM', FAILED, task_id) == 1 then
    found[task_id] = true
  end
end
subtract_freed()
answer = gone
for _, task_id in ipairs(remove_history(ids)) do
  found[task_id] = true
end
for _, task_id in ipairs(ids) do
  if found[task_id] then
    gone[#gone + 1], found[task_id] = task_id, nil
  end
end
return gone
