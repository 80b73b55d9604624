-- Prepended to scripts that change the history of tasks. All of it is written by `attempt`: what
-- the server refuses of it changes nothing else.
--
-- `{ns}:history`                  zset: task id -> when it ended, ms.
-- `{ns}:history:records`          hash: task id -> subject, and behind a line break a text that is
--                                 not opened here.
-- `{ns}:history:state:<state>`    zset like the first: those that ended in a state.
-- `{ns}:history:task:<subject>`   zset like the first: those of a task that ended in a state.
-- `{ns}:history:tasks`            hash: name of a task -> how many entries it has.
--
-- A *subject* is the name of a task and the state in which it ended, each on a line.
-- Keeps    a task id has one entry: that of its last end; it is in all five, or in none.

local HISTORY = ns .. ':history'
local HISTORY_RECORDS, HISTORY_TASKS = HISTORY .. ':records', HISTORY .. ':tasks'
local HISTORY_STATE, HISTORY_TASK = HISTORY .. ':state:', HISTORY .. ':task:'

local function split_subject(subject)
  return string.match(subject, '^([^\n]*)\n(.*)$')
end

-- Removes the entries of task ids; returns the ids of those that there were. With `oldest` they are
-- the oldest of all, and so of each index: that follows from their number.
local function remove_history(ids, oldest)
  local groups, gone = {}, {}
  for index, record in ipairs(attempt('HMGET', HISTORY_RECORDS, unpack(ids))) do
    if record then
      local subject = string.match(record, '^[^\n]*\n[^\n]*')
      local group = groups[subject]
      if not group then
        group = {}
        groups[subject] = group
      end
      group[#group + 1], gone[#gone + 1] = ids[index], ids[index]
    end
  end
  for subject, group in pairs(groups) do
    local task, state = split_subject(subject)
    for _, key in ipairs({ HISTORY, HISTORY_STATE .. state, HISTORY_TASK .. subject }) do
      if oldest then
        attempt('ZREMRANGEBYRANK', key, 0, #group - 1)
      else
        attempt('ZREM', key, unpack(group))
      end
    end
    if attempt('HINCRBY', HISTORY_TASKS, task, -#group) == 0 then
      attempt('HDEL', HISTORY_TASKS, task)
    end
  end
  if #gone > 0 then
    attempt('HDEL', HISTORY_RECORDS, unpack(gone))
  end
  return gone
end

-- Adds entries { at, task_id, subject, entry } of tasks that ended at `at`, or else now, and removes
-- the oldest of more than `limit`; 0: of any number.
local add_history
function add_history(entries, limit)
  local fields, groups, now = {}, {}, clock()
  for index, entry in ipairs(entries) do
    local task_id, subject = entry.task_id, entry.subject
    fields[2 * index - 1], fields[2 * index] = task_id, entry.entry
    local group = groups[subject]
    if not group then
      group = {}
      groups[subject] = group
    end
    local size = #group
    group[size + 1], group[size + 2] = entry.at or now, task_id
  end
  local added = 0
  for _, group in pairs(groups) do
    added = added + (tonumber(attempt('ZADD', HISTORY, unpack(group))) or 0)
  end
  if added < #entries then
    -- Tasks of these ids have ended before: their entries go.
    if #entries > 1 then
      for _, entry in ipairs(entries) do
        add_history({ entry }, limit)
      end
      return
    end
    remove_history({ fields[1] })
    attempt('ZADD', HISTORY, entries[1].at or now, fields[1])
  end
  attempt('HSET', HISTORY_RECORDS, unpack(fields))
  for subject, group in pairs(groups) do
    local task, state = split_subject(subject)
    attempt('ZADD', HISTORY_STATE .. state, unpack(group))
    attempt('ZADD', HISTORY_TASK .. subject, unpack(group))
    attempt('HINCRBY', HISTORY_TASKS, task, #group / 2)
  end
  local size = limit > 0 and tonumber(attempt('ZCARD', HISTORY)) or 0
  if size > limit then
    local over = math.min(size - limit, TOGETHER)
    remove_history(attempt('ZRANGE', HISTORY, 0, over - 1), true)
  end
end
