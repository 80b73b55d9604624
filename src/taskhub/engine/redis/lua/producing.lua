-- Prepended to scripts that store messages for a producer.
--
-- ARGV[2]  the connection that asks; "" when it would not ask again if the reply were lost.
-- ARGV[3]  the number of this call among those of that connection.

-- A connection makes one call at a time, so its last number shows which have been served.
local REMEMBERED = 600000

-- Returns whether this very call has been served already: its reply was lost.
local function is_served()
  if ARGV[2] == '' then
    return false
  end
  local name = ns .. ':producer:' .. ARGV[2]
  local served = redis.call('SET', name, ARGV[3], 'PX', REMEMBERED, 'GET')
  if not served then
    undo_by('DEL', name)
    return false
  end
  undo_by('SET', name, served, 'PX', REMEMBERED)
  if tonumber(served) < tonumber(ARGV[3]) then
    return false
  end
  redis.call('SET', name, served, 'PX', REMEMBERED)
  return true
end
