-- Prepended to scripts that remove messages: `{ns}:deliveries`.

-- Forgets how often messages were delivered.
local function forget_deliveries(keys)
  local counts, before = redis.call('HMGET', DELIVERIES, unpack(keys)), {}
  for index, count in ipairs(counts) do
    if count then
      before[#before + 1], before[#before + 2] = keys[index], count
    end
  end
  if #before > 0 then
    redis.call('HDEL', DELIVERIES, unpack(keys))
    undo_by('HSET', DELIVERIES, unpack(before))
  end
end
