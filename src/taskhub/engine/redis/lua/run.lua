-- Appended to every script: calls its body. What stands behind this is reached only if a command
-- was refused.

local done, reply = pcall(main)
if done then
  return reply
end
