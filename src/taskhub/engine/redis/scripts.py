"""Scripts of `lua/`: each is the body of a function, between what it shares and `finish.lua`."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Final, NamedTuple

from taskhub.engine.redis.wire import lua_reader

_SHARED: Final = ("shared",)
_WRITING: Final = ("shared", "trying", "writing")
_REQUEUEING: Final = (*_WRITING, "requeueing")
_PUBLISHING: Final = ("sequence", "publishing")
_CANVASES: Final = (*_PUBLISHING, "canvas")
#: Counts and the history, and outcomes that are in neither yet.
_INDEXING: Final = ("statistics", "history", "outcomes")
#: What a commit writes beside messages and canvases.
_AFTER_COMMIT: Final = ("deliveries", "results", *_INDEXING)
_OUTBOX: Final = (*_WRITING, "outbox")
_PERIODIC_JOBS: Final = (*_WRITING, "schedule_store")

#: Every script, and the parts that stand before its body: files of the folder, and the reader of
#: what `wire` writes.
SCRIPTS: Final[dict[str, tuple[str, ...]]] = {
    "acknowledge": _SHARED,
    "append_audit": _SHARED,
    "change_entry": _PERIODIC_JOBS,
    "claim": (*_WRITING, "sequence", "next_delivery", "rate_limiter"),
    "commit": (*_WRITING, "wire", *_CANVASES, *_AFTER_COMMIT),
    "commit_one": ("shared", "results"),
    "delete_dead_letters": _WRITING,
    "delete_history": (*_WRITING, "failed_bytes", "history"),
    "delete_messages": (*_WRITING, "deliveries", "rate_limiter"),
    "enqueue": ("shared", *_PUBLISHING, "producing", "dispatch"),
    "enqueue_canvas": (*_WRITING, "wire", *_CANVASES, "calls", "open_chords", "producing"),
    "fail_chords": (*_WRITING, *_CANVASES, "open_chords"),
    "find_messages": _SHARED,
    "forget_queue": _WRITING,
    "requeue": _REQUEUEING,
    "acquire_lock": _SHARED,
    "register_worker": _SHARED,
    "lead": (*_PERIODIC_JOBS, *_PUBLISHING),
    "lead_relay": _OUTBOX,
    "release_lock": _SHARED,
    "index_outcomes": ("shared", *_INDEXING),
    "longest_waits": ("shared", "sequence"),
    "obstacles": ("types", *_SHARED),
    "pause_queue": _SHARED,
    "publish_control": _SHARED,
    "purge": ("shared", "deliveries"),
    "purge_rate_limited": (*_WRITING, "deliveries", "rate_limiter"),
    "receive": _WRITING,
    "reclaim": _REQUEUEING,
    "relay": (*_OUTBOX, "wire", *_CANVASES, "calls"),
    "renew": ("shared", "history"),
    "record_outcome": _PERIODIC_JOBS,
    "reply": _SHARED,
    "resign": _PERIODIC_JOBS,
    "resign_relay": _OUTBOX,
    "resume_queue": _SHARED,
    "retry_dead_letters": (*_WRITING, *_PUBLISHING, "failed_bytes", "history"),
    "revoke": (*_WRITING, "sequence", "next_delivery", "rate_limiter"),
    "revoke_stamps": _WRITING,
    "set_rate": (*_REQUEUEING, "rate_limiter"),
    "stage": ("shared", "sequence"),
    "store": ("shared", "results"),
    "take_moved": (*_OUTBOX, *_CANVASES),
    "claim_once": _SHARED,
    "acquire_permits": (*_WRITING, "rate_limiter"),
    "fire": (*_PERIODIC_JOBS, *_PUBLISHING),
    "unfinished": _SHARED,
}


#: Those that were used, by hash.
_BY_HASH: Final[dict[str, Script]] = {}


class Script(NamedTuple):
    """A Lua script and the hash by which the server knows it."""

    text: str
    sha: str


@cache
def script(name: str) -> Script:
    """Return the script whose body is `lua/<name>.lua`."""
    composed = compose(SCRIPTS[name], _read(name))
    _BY_HASH[composed.sha] = composed
    return composed


def compose(parts: Sequence[str], body: str) -> Script:
    """Return a script of some parts and a body; what is undone, and how, is part of it."""
    text = "\n".join(
        (
            *(_read("begin"), "local function main()", *map(_read, parts), body, "end"),
            *map(_read, ("run", "types", "finish")),
        )
    )
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


def _read(part: str) -> str:
    if part == "wire":
        return lua_reader()
    return (_folder() / f"{part}.lua").read_text(encoding="utf-8")


@cache
def _folder() -> Traversable:
    return resources.files("taskhub.engine.redis") / "lua"


def script_of(sha: str) -> Script:
    """Return the script of a hash; one that was used is at hand, and no other is read for it."""
    return _BY_HASH.get(sha) or next(one for one in map(script, SCRIPTS) if one.sha == sha)
