-- Prepended to scripts whose commands that undo might be refused.

-- Runs a command that changes nothing, once for each key, so that a server that refuses it does so
-- in time.
local tried
local function try(command, key, ...)
  local name = command .. ' ' .. key
  tried = tried or {}
  if not tried[name] then
    tried[name] = true
    redis.call(command, key, ...)
  end
end
