-- Prepended to scripts that store the messages of calls, after `canvas.lua`; what is too much for
-- one script call was staged before (stage.lua).

-- Stores the plans of the tables from `at` on, then the messages that were staged under a name in
-- so many pages, then those of the tables; returns how many, and notes the queues in `grown`.
-- `between` is called after the plans.
local function publish_call(name, pages, grown, between)
  local tables, count = read_tables() or NOTHING, 0
  write_plans(tables)
  if between then
    between()
  end
  for page = 1, tonumber(pages) do
    local packed = redis.call('HGET', STAGED .. name, page)
    if not packed then
      error({
        err = 'what was staged of these messages has expired: the caller paused for too long '
          .. 'between its pages',
      })
    end
    local fields, messages = cmsgpack.unpack(packed), {}
    for index = 1, #fields, 2 do
      messages[#messages + 1] = { record = fields[index], due = fields[index + 1] }
    end
    publish_all(messages, grown)
    count = count + #messages
  end
  local messages = tables.messages or NOTHING
  publish_all(messages, grown)
  return count + #messages
end

-- Removes what was staged under a name, once everything is written.
local function drop_staged(name)
  if name ~= '' then
    attempt('UNLINK', STAGED .. name)
  end
end
