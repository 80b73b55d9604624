"""A real Prometheus for tests, and its promtool."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.servers import end_with_parent, find_free_port
from tests.support.workers import until

MISSING = (
    "these tests need Prometheus: apt-get install -y --no-install-recommends prometheus "
    '(the package brings promtool); -m "not prometheus" leaves them out'
)


def program(name: str) -> str:
    """Return the path of `prometheus` or `promtool`; without it the test fails."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(MISSING, pytrace=False)
    return found


def promtool(*arguments: str | Path) -> str:
    """Run promtool; returns what it prints. It must succeed."""
    done = subprocess.run(
        [program("promtool"), *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


class Prometheus:
    """A server that runs."""

    def __init__(self, port: int) -> None:
        self._base = f"http://127.0.0.1:{port}/"

    def is_ready(self) -> bool:
        """Whether it serves."""
        try:
            with urllib.request.urlopen(f"{self._base}-/ready", timeout=5):
                return True
        except OSError:
            return False

    def get(self, path: str, **query: str) -> Any:
        """Return the data of a reply of its API; an error of it fails the test."""
        url = f"{self._base}api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=20) as reply:
                found = json.load(reply)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {query}: {error.read().decode()}") from error
        assert found["status"] == "success", found
        assert not found.get("warnings"), (query, found["warnings"])
        return found["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return what an expression gives now."""
        found: list[dict[str, Any]] = self.get("query", query=expression)["result"]
        return found


@contextmanager
def running(config: Path, directory: Path) -> Iterator[Prometheus]:
    """Run Prometheus with a configuration during a block."""
    port = find_free_port()
    command = [
        program("prometheus"),
        f"--config.file={config}",
        f"--storage.tsdb.path={directory}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    log = directory / "prometheus.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=end_with_parent(),
        )
    try:
        server = Prometheus(port)
        until(
            lambda: server.is_ready() or process.poll() is not None,
            "Prometheus",
            30.0,
        )
        assert process.poll() is None, log.read_text("utf-8", "replace")
        yield server
    finally:
        process.terminate()
        process.wait(20)
