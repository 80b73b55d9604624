-- Prepended to scripts that take messages of failed tasks away, after `writing.lua`.
--
-- `{ns}:failed:bytes`  how many bytes the values of `{ns}:failed:messages` have, all together.

local FAILED_BYTES = ns .. ':failed:bytes'
local freed_bytes = 0

-- Counts the bytes of a message that is taken away next.
local function count_freed(key)
  freed_bytes = freed_bytes + redis.call('HSTRLEN', FAILED_MESSAGES, key)
end

-- Subtracts what was counted; undone with what was taken away. What is kept may not be counted yet:
-- the next failure does that (commit.lua).
local function subtract_freed()
  local before = freed_bytes > 0 and tonumber(redis.call('GET', FAILED_BYTES))
  if before then
    write('SET', FAILED_BYTES, string.format('%.0f', math.max(0, before - freed_bytes)))
  end
end
