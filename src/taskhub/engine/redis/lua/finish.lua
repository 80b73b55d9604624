-- Appended to every script: undoes what its body wrote if the server refused the rest.
--
-- Returns  an error that begins with `REFUSED`: nothing is written. Should a command that undoes be
--          refused, too, the error says so. It names the keys that are of another type, which the
--          server's words do not.

local reason = type(reply) == 'table' and reply.err or tostring(reply)
if answer then
  if report then
    report[#report + 1] = reason
  end
  return answer
end
for index = #undo, 1, -1 do
  local step = undo[index]
  local undone, trouble = true, nil
  if type(step) == 'table' then
    undone, trouble = pcall(redis.call, unpack(step))
  else
    undone, trouble = pcall(step)
  end
  if not undone then
    local words = type(trouble) == 'table' and trouble.err or tostring(trouble)
    reason = reason .. '; not undone: ' .. words
  end
end
if string.find(reason, 'WRONGTYPE', 1, true) then
  for _, wrong in ipairs(wrong_types(2)) do
    reason = reason .. string.format('; key %s is a %s, not a %s', unpack(wrong))
  end
end
return redis.error_reply('REFUSED ' .. string.gsub(reason, '[\r\n]', ' '))
