-- Prepended to scripts that store results.

-- Stores a list of results { task id, document, time to live in ms or "" }. `place` is
-- "<results db> <own db> <what the keys begin with>", without numbers where these are the same.
local function store_results(place, results)
  local there, own, prefix = string.match(place, '^(%d*) (%d*) (.*)$')
  if there ~= '' then
    -- What undoes is run backwards: in between, commands are for the db of the results.
    undo_by('SELECT', own)
    redis.call('SELECT', there)
  end
  for _, result in ipairs(results) do
    local name, document, ttl = prefix .. result[1], result[2], result[3]
    local before
    if ttl == '' then
      before = redis.pcall('SET', name, document, 'GET')
    else
      before = redis.pcall('SET', name, document, 'PX', ttl, 'GET')
    end
    if type(before) == 'table' then
      -- A value of another type is no result: it is written over, as by Celery.
      if not string.find(before.err, 'WRONGTYPE', 1, true) then
        error(before)
      elseif ttl == '' then
        redis.call('SET', name, document)
      else
        redis.call('SET', name, document, 'PX', ttl)
      end
      undo_by('DEL', name)
    elseif before then
      undo_by('SET', name, before, 'KEEPTTL')
    else
      undo_by('DEL', name)
    end
  end
  if there ~= '' then
    redis.call('SELECT', own)
    undo_by('SELECT', there)
  end
end
