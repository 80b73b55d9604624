"""A server that refuses chosen commands inside of scripts: by a preamble that stands before the engine's Lua.

`installed` makes every script of this process begin with it. It looks into a hash of the store,
`PLAN`, and does nothing while there is none. A refusal is the server's own: what is refused is
called as a command that the server does not know, or with a value that it does not take.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

from taskhub.engine.redis import scripts

__all__ = ("Call", "Refusal", "Refusals", "installed")

#: The hash that says what is refused, the list of calls that were made, and the number of scripts
#: that have run.
PLAN, CALLS, RUNS = "refusals:plan", "refusals:calls", "refusals:runs"
#: Whether a process of workers lets its scripts begin with the preamble.
REFUSALS_VARIABLE = "TASKHUB_TEST_REFUSALS"
#: What begins the names of all of them.
PREFIX = "refusals:"

_PREAMBLE = """
local redis = (function(server)
  local plan = server.call('HGET', 'refusals:plan', 'plan')
  if not plan then
    return server
  end
  plan = cjson.decode(plan)
  local script, home = '%s', plan.db or '0'
  if plan.script and plan.script ~= script then
    return server
  end
  local run, number, db, made = server.call('INCR', 'refusals:runs'), 0, home, {}

  -- Runs a function in the db in which the script began.
  local function at_home(step)
    if db ~= home then
      server.call('SELECT', home)
    end
    local value = step()
    if db ~= home then
      server.call('SELECT', db)
    end
    return value
  end

  local function refuses(command, key)
    number = number + 1
    if plan.log then
      at_home(function()
        server.call('RPUSH', 'refusals:calls', cjson.encode({ run, script, number, command, key }))
      end)
      return false
    end
    if plan.run and plan.run ~= run or plan.number and plan.number ~= number then
      return false
    end
    if plan.command and plan.command ~= command then
      return false
    end
    if plan.key and plan.key ~= key then
      return false
    end
    if plan.prefix and plan.prefix ~= string.sub(key, 1, #plan.prefix) then
      return false
    end
    if plan.times then
      return at_home(function()
        return server.call('HINCRBY', 'refusals:plan', 'times', 1) <= plan.times
      end)
    end
    at_home(function()
      server.call('HINCRBY', 'refusals:plan', 'times', 1)
    end)
    return true
  end

  local function wrapped(call)
    return function(command, ...)
      command = string.upper(command)
      local key = tostring(select(1, ...) or '')
      if refuses(command, key) then
        if plan.value then
          return call('INCRBY', 'refusals:value', command)
        end
        return call('REFUSED' .. command)
      end
      if command == 'SELECT' then
        db = key
      end
      return call(command, ...)
    end
  end

  return {
    call = wrapped(server.call),
    pcall = wrapped(server.pcall),
    error_reply = server.error_reply,
    status_reply = server.status_reply,
    sha1hex = server.sha1hex,
    log = server.log,
  }
end)(redis)
"""


class Call(NamedTuple):
    """A command that a script gave to the server."""

    #: Which of the scripts that ran, from 1.
    run: int
    script: str
    #: Which of the commands of this script, from 1.
    number: int
    command: str
    #: Its first argument: mostly the key.
    key: str


class Refusal(NamedTuple):
    """Which commands are refused: those to which all that is not None applies."""

    run: int | None = None
    script: str | None = None
    number: int | None = None
    command: str | None = None
    key: str | None = None
    prefix: str | None = None
    #: Only so many of them; None: all.
    times: int | None = None
    #: True: as if a value were wrong; None: as if the server did not know the command.
    value: bool | None = None

    def __str__(self) -> str:
        return ", ".join(
            f"{name} {value!r}" for name, value in self._asdict().items() if value is not None
        )


class Refusals:
    """What the scripts of a store are refused.

    Args:
        client: A connection of redis-py to the db of the messages.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def begin(self, refusal: Refusal) -> None:
        """Refuse these commands from now on."""
        fields = {name: value for name, value in refusal._asdict().items() if value is not None}
        self._set({**fields, "log": False})

    def watch(self) -> None:
        """Refuse nothing, and note each command."""
        self._set({"log": True})

    def end(self) -> int:
        """Refuse nothing any more; return how many commands were refused."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.hget(PLAN, "times").delete(PLAN, RUNS)
        return int(pipeline.execute()[0] or 0)

    def calls(self) -> list[Call]:
        """Stop watching; return the commands that were noted, in order."""
        pipeline = self._client.pipeline(transaction=True)
        pipeline.lrange(CALLS, 0, -1).delete(PLAN, RUNS, CALLS)
        return [Call(*json.loads(text)) for text in pipeline.execute()[0]]

    def _set(self, plan: dict[str, Any]) -> None:
        db = str(self._client.connection_pool.connection_kwargs.get("db") or 0)
        pipeline = self._client.pipeline(transaction=True)
        pipeline.delete(PLAN, RUNS, CALLS)
        pipeline.hset(PLAN, "plan", json.dumps({**plan, "db": db}))
        pipeline.execute()


@contextmanager
def installed() -> Iterator[None]:
    """Let every script of this process begin with the preamble for a while."""
    original, script = install()
    try:
        yield
    finally:
        _replace(script, original)


def install() -> tuple[Any, Any]:
    """Let every script of this process begin with the preamble; return the function that finds one, before and now."""
    original = scripts.script

    @cache
    def script(name: str) -> scripts.Script:
        text = _PREAMBLE % name + original(name).text
        return scripts.Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())

    _replace(original, script)
    return original, script


def _replace(old: Any, new: Any) -> None:
    """Put a function in the place of another wherever it is known by the name `script`."""
    for name, module in list(sys.modules.items()):
        known = name.startswith(("taskhub.engine.redis.", "tests."))
        if known and getattr(module, "script", None) is old:
            module.script = new  # type: ignore[attr-defined]
