-- Makes dead letters, or messages of failed tasks, ready to run again, as if they had just been
-- sent.
-- One whose message could not be read stays. Their tasks leave the history: they have not ended.
--
-- ARGV[2]  "dead" or "failed".
-- ARGV[3..] keys.
-- Returns  the keys of those that were sent.

local list, messages = DEAD, DEAD_MESSAGES
if ARGV[2] == 'failed' then
  list, messages = FAILED, FAILED_MESSAGES
end
local sent, task_ids, grown = {}, {}, {}
for index = 3, #ARGV do
  local key = ARGV[index]
  local stored = redis.call('HGET', messages, key)
  local record = stored and string.match(stored, '^[^\n]*\n(.*)$')
  if record and open_record(record) then
    if list == FAILED then
      count_freed(key)
    end
    write('ZREM', list, key)
    write('HDEL', messages, key)
    local queue, _, task_id = open_record(record)
    try('HDEL', MESSAGES, NONE)
    try('ZREM', QUEUE .. queue, NONE)
    grown[publish(record, '')] = true
    sent[#sent + 1], task_ids[#task_ids + 1] = key, task_id
  end
end
subtract_freed()
answer = sent
for first = 1, #task_ids, TOGETHER do
  remove_history({ unpack(task_ids, first, math.min(first + TOGETHER - 1, #task_ids)) })
end
announce_all(grown)
return sent
