"""What the store of a run refuses for a while: rights, commands of scripts, memory, keys of another type."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any, Final

from tests.chaos.fleet import NAMESPACE, QUEUE, USER
from tests.support.refusals import PLAN, Refusal, Refusals

#: What the user of workers and caller may not do for a while.
RIGHTS: Final[Sequence[tuple[str, ...]]] = (
    *(("-hdel",), ("-zrem",), ("-zadd",), ("-hset",), ("-hsetnx",), ("-hget",), ("-incrby",)),
    *(("-set",), ("-zpopmin",), ("-zrange",), ("-evalsha",), ("-publish",), ("-xadd",)),
    ("resetkeys", f"~{{{NAMESPACE}}}*", "~refusals:*"),
    ("resetkeys", "~celery-*", "~refusals:*", f"~{{{NAMESPACE}}}", f"~{{{NAMESPACE}}}:[^q]*"),
    ("resetchannels",),
)
EVERYTHING: Final = ("+@all", "allkeys", "allchannels")
#: The scripts of which commands are refused, and up to how many commands they have.
SCRIPTS: Final = {
    "commit": 24,
    "commit_one": 9,
    "claim": 12,
    "enqueue": 12,
    "requeue": 6,
    "reclaim": 10,
}
#: Keys that hold something else for a while.
KEYS: Final = ("messages", f"queue:{QUEUE}", "delayed", "deliveries", "workers")
#: Results that are in the way.
MANY: Final = 20


class Refuser:
    """Lets a store refuse.

    Args:
        url: Where its administrator reaches it.
    """

    def __init__(self, url: str) -> None:
        import redis

        self._client = redis.Redis.from_url(url)
        self._refusals = Refusals(self._client)

    def refuse(self, kind: str, target: float, lasts: float) -> bool:
        """Refuse something for a while, and nothing in the end; False: there was nothing to refuse."""
        match kind:
            case "a right taken away":
                rules = RIGHTS[int(target * len(RIGHTS))]
                self._client.execute_command("ACL", "SETUSER", USER, *rules)
                time.sleep(0.2 + lasts)
                self._client.execute_command("ACL", "SETUSER", USER, *EVERYTHING)
                return True
            case "command of a script refused":
                return self._refuse_a_command(target, lasts)
            case "store without memory":
                self._client.config_set("maxmemory", 1)
                time.sleep(0.2 + lasts)
                self._client.config_set("maxmemory", 0)
                return True
            case "key of another type in the way":
                self._lay_in_the_way(f"{{{NAMESPACE}}}:{KEYS[int(target * len(KEYS))]}", lasts)
                return True
            case "keys of another type in the way of results":
                return self._block_results()
        raise ValueError(kind)

    def close(self) -> None:
        """Free the connection."""
        self._client.close()

    def _refuse_a_command(self, target: float, lasts: float) -> bool:
        """Refuse the n-th command of the next runs of a script."""
        names = [name for name, commands in SCRIPTS.items() for _ in range(commands)]
        name = names[int(target * len(names))]
        times = 1 + int(lasts * 4)
        number = 1 + int(target * 1e6) % SCRIPTS[name]
        # What is refused for its values is refused for good: a batch, and then one outcome of it
        # alone; what takes its place is to be written.
        value = True if times <= 2 else None
        self._refusals.begin(Refusal(script=name, number=number, times=times, value=value))
        deadline = time.monotonic() + 1.5
        while time.monotonic() < deadline:
            if int(self._client.hget(PLAN, "times") or 0) >= times:
                break
            time.sleep(0.02)
        return self._refusals.end() > 0

    def _lay_in_the_way(self, key: str, lasts: float) -> None:
        """Let a key hold a text for a while, and then again what it held."""
        aside = f"refusals:{key}"
        lay = self._client.pipeline(transaction=True)
        there: Any = self._client.exists(key)
        if there:
            lay.rename(key, aside)
        lay.set(key, "in the way", nx=True)
        try:
            lay.execute()
        except Exception:
            # It was gone by then, as one is that holds nothing any more.
            there = False
        time.sleep(0.1 + 0.5 * lasts)
        requeue = self._client.pipeline(transaction=True)
        if self._client.type(key) == b"string":
            requeue.delete(key)
        if there:
            requeue.rename(aside, key)
        requeue.execute()

    def _block_results(self) -> bool:
        """Lay something in the way of results of tasks that have not ended."""
        import redis

        keys = self._client.hkeys(f"{{{NAMESPACE}}}:messages")[:MANY]
        results = [b"celery-task-meta-" + key.partition(b"\n")[0] for key in keys]
        for name in results:
            # Refused if the task has a state.
            with contextlib.suppress(redis.ResponseError):
                self._client.hset(name, "in", "the way")
        return bool(results)
