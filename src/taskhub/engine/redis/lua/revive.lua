-- Makes dead letters ready to run again, as if they had just been sent. One whose message could not be read stays.
--
-- ARGV[2..] keys.
-- Returns  the keys of those that were sent.

local sent, rung = {}, {}
for index = 2, #ARGV do
  local key = ARGV[index]
  local stored = redis.call('HGET', DEAD_MESSAGES, key)
  local record = stored and string.match(stored, '^[^\n]*\n(.*)$')
  if record and open_record(record) then
    redis.call('ZREM', DEAD, key)
    redis.call('HDEL', DEAD_MESSAGES, key)
    rung[publish(record, '')] = true
    sent[#sent + 1] = key
  end
end
ring_all(rung)
return sent
