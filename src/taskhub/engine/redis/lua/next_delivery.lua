-- Prepended to scripts that claim messages which may have been delivered before.

-- Returns the beginning of a token: the number of a message's next delivery, and its mark.
local function next_delivery(key)
  local count, mark = string.match(redis.call('HGET', DELIVERIES, key) or '0', '^(%d+)(%a?)')
  return count + 1 .. mark
end
