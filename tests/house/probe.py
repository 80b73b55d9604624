"""Run in a fresh interpreter: import a package and say, as JSON, what that cost and did.

Arguments: the package; with `names` behind it every public name is resolved, too.
"""

from __future__ import annotations

import importlib
import json
import signal
import sys
import threading
import time

WATCHED = {"os.fork", "os.mkdir", "os.remove", "os.rename"} | {
    f"socket.{name}" for name in ("__new__", "bind", "connect", "getaddrinfo", "gethostbyname")
}

events: list[str] = []


def watch(event: str, arguments: tuple[object, ...]) -> None:
    if event in WATCHED or event.startswith("subprocess."):
        events.append(event)
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        events.append(f"open {arguments[0]} for writing")


def handlers() -> dict[int, object]:
    return {number: signal.getsignal(number) for number in signal.valid_signals()}


sys.addaudithook(watch)
handlers_before = handlers()

began = time.perf_counter()
package = importlib.import_module(sys.argv[1])
seconds = time.perf_counter() - began
if sys.argv[2:] == ["names"]:
    for name in package.__all__:
        getattr(package, name)

seen = {
    "seconds": seconds,
    "events": events,
    "modules": sorted(sys.modules),
    "threads": threading.active_count(),
    "signals_untouched": handlers() == handlers_before,
}
sys.stdout.write(json.dumps(seen))
