-- Prepended to every script of this folder: the names of keys, and what is noted while the script
-- runs.
--
-- KEYS[1]  `{namespace}`: every key is built from it, so that all of them hash to one slot.
-- ARGV[1]  the present time in ms, or "" for the server's own clock (tests pass theirs).
--
-- Everything or nothing. A server does not roll a script back when it refuses a command in the
-- middle: for lack of a right, for the type of a key, for a value out of range. So each script is
-- the body of a function (scripts.py) that `run.lua` calls: what it writes is noted in `undo` with
-- the command that undoes it, and undone (`finish.lua`) if a later command is refused; the reply is
-- then one error, `REFUSED`. This needs the server to accept the commands that undo, so those that
-- are not used before are tried first in a way that changes nothing (`try`). What cannot be undone,
-- or is no part of the promise (notifications, counts, events, clearing up), comes last, when
-- `answer` is set: then nothing is undone any more, and what is refused is only reported.
--
-- A server at its memory limit refuses what takes memory, unless the script has written before.
-- Only storing new messages and states may be refused: every other script begins with a write that
-- takes none, so that workers go on and make room.
--
-- Each run makes every function anew, which is a good part of what a small script costs. So there
-- are few, those that most runs do not need are made when they are (`canvas`, `rate_limits`), and
-- what many of them use is declared here, outside of the function around them: to bind that is
-- cheaper.
--
-- A *record* is what is stored of a message: "<queue>\n<priority>\n<task id>\n<body>".
-- A *token* is what proves a claim: "<delivery><mark>:<score>", the score being the position it had
-- in its queue.
-- Deliveries that ended without an outcome are counted as "<count><mark>"; the mark says that the
-- message is not to be run again: "a" acknowledged early, "t" timed out, "" neither.

local ns = KEYS[1]
local MESSAGES, DELAYED, REVOKED = ns .. ':messages', ns .. ':delayed', ns .. ':revoked'
local DELIVERIES, WORKERS, QUEUES = ns .. ':deliveries', ns .. ':workers', ns .. ':queues'
local DEAD, DEAD_MESSAGES = ns .. ':dead', ns .. ':dead:messages'
local FAILED, FAILED_MESSAGES = ns .. ':failed', ns .. ':failed:messages'
local QUEUE, CLAIMS, NOTIFIER = ns .. ':queue:', ns .. ':claims:', ns .. ':notifier:'

-- A member or field that does not exist.
local NONE = '\0none'
-- Lua passes only so many arguments to one call.
local TOGETHER = 1000

-- The commands, or functions, that undo what has been written, in the order of the writes.
local undo = {}
-- What the script returns, once everything is written; and a list that gets what the server refuses
-- from then on.
local answer, report
