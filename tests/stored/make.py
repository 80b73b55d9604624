"""Makes the data of the present version, or of the one to be released, in data/<version>.json.

    python -m tests.stored.make [VERSION]

Real calls, a real worker and a real scheduler leave it, and are killed. docs/versions.md says when
to run this.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from redis import Redis

from taskhub.version import __version__
from tests.stored.application import DATA, MAKING
from tests.stored.dump import dump, to_text
from tests.support.servers import start_valkey
from tests.support.workers import SETTINGS_VARIABLE

ROOT: Final = Path(__file__).resolve().parents[2]


def make(directory: Path) -> str:
    """Return the text of the data."""
    with start_valkey(directory) as server:
        settings = {"broker_url": server.url, MAKING: True}
        os.environ[SETTINGS_VARIABLE] = json.dumps(settings)
        # It makes the app with these settings.
        from tests.stored import calls

        calls.send_before_workers()
        commands = ("worker", "-c", "1", "-t", "6", "-Q", "default,limited", "-E", "-n", "w@stored")
        log = (directory / "log").open("wb")
        running = [
            _start(log, *command) for command in (commands, ("scheduler", "--loglevel", "info"))
        ]
        try:
            calls.send_to_workers()
            calls.wait_for_states()
        except BaseException:
            sys.stderr.write((directory / "log").read_text())
            raise
        finally:
            for process in running:
                # At once, with the lease renewer: nobody requeues what is claimed.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        calls.send_behind_workers()
        with Redis.from_url(server.url) as client:
            keys = dump(client, _of_this_machine(server.port))
        calls.app.close()
        return to_text(keys)


def _start(log: Any, *command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "taskhub", "-A", "tests.stored.program", *command],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
    )


def _of_this_machine(port: int) -> dict[str, str]:
    host = socket.gethostname()
    return {
        str(ROOT): "/srv/taskhub",
        sys.base_prefix: "/usr/lib/python",
        # As long as it is: packed values have lengths.
        host: ("host" * len(host))[: len(host)],
        f":{port}/": ":6379/",
    }


def main() -> None:
    """Write the data of this version."""
    with tempfile.TemporaryDirectory(prefix="taskhub-stored-") as directory:
        text = make(Path(directory))
    left = set(re.findall(re.escape(str(Path.home())) + r"[^\"\\ ]*", text))
    if left:
        raise SystemExit(f"paths of this machine are left: {sorted(left)}")
    target = DATA / f"{sys.argv[1] if len(sys.argv) > 1 else __version__}.json"
    target.parent.mkdir(exist_ok=True)
    target.write_text(text, "utf-8")
    count = len(json.loads(text))
    sys.stdout.write(f"{target.relative_to(ROOT)}: {count} keys, {len(text)} bytes\n")


if __name__ == "__main__":
    main()
