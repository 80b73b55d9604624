-- Made only when it is needed: what a key of another type is in the way of is not looked for
-- before.

-- Returns the keys whose types are others than the scripts need: lists of key, its type, the type
--         that is needed. Looks
-- at those that there is one of, at the queues that hold messages, and at what the arguments name
-- from `first` on: the first line of each may be a queue, a worker or a chord.
local function wrong_types(first)
  local looked, wrong = {}, {}
  local function look(key, needed)
    local found = not looked[key] and redis.pcall('TYPE', key).ok
    looked[key] = true
    if found and found ~= 'none' and found ~= needed then
      wrong[#wrong + 1] = { key, found, needed }
    end
    return found == needed
  end

  local needed = {
    {
      'hash',
      ':messages',
      ':deliveries',
      ':dead:messages',
      ':failed:messages',
      ':limits',
      ':locks',
      ':paused',
      ':rate_limited',
      ':receiving',
    },
    {
      'zset',
      ':delayed',
      ':dead',
      ':failed',
      ':workers',
      ':revoked',
      ':revoked:stamps',
      ':next_permits',
      ':chords:open',
    },
    { 'string', ':sequence', ':failed:bytes', ':format' },
    { 'list', ':outcomes' },
    { 'stream', ':events', ':control' },
  }
  for _, kind in ipairs(needed) do
    for index = 2, #kind do
      look(ns .. kind[index], kind[1])
    end
  end
  if look(QUEUES, 'set') then
    for _, queue in ipairs(redis.pcall('SMEMBERS', QUEUES)) do
      look(QUEUE .. queue, 'zset')
    end
  end
  for index = first, math.min(#ARGV, first + TOGETHER) do
    local name = string.match(ARGV[index], '^[^\n]*')
    if #name > 0 and #name < TOGETHER then
      look(QUEUE .. name, 'zset')
      look(NOTIFIER .. name, 'list')
      look(ns .. ':receivers:' .. name, 'set')
      look(CLAIMS .. name, 'hash')
      look(ns .. ':chord:' .. name, 'hash')
    end
  end
  return wrong
end
