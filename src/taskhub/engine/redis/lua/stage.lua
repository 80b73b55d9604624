-- Keeps a page of the messages of a call that has too many for one: nobody sees them before
--       `enqueue.lua` publishes all.
--
-- ARGV[2]  the name under which they are staged.
-- ARGV[3]  the number of the page, from 1.
-- ARGV[4]  how long they are kept in ms, unless another page comes: a caller that died has
--          published nothing.
-- ARGV[5..] pairs: record, due.

local staged, fields = STAGED .. ARGV[2], {}
for index = 5, #ARGV do
  fields[index - 4] = ARGV[index]
end
redis.call('HSET', staged, ARGV[3], cmsgpack.pack(fields))
undo_by('HDEL', staged, ARGV[3])
redis.call('PEXPIRE', staged, ARGV[4])
return 1
