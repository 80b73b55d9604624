"""The documentation's site, built once for all processes of a test run."""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.docs.markdown import ROOT

__all__ = ("build_site", "serve")

MKDOCS = ROOT / ".venv-tools/bin/mkdocs"
MISSING = (
    "the documentation's site needs the environment .venv-tools: run `make "
    ".venv-tools/.requirements`, or `make test`"
)


def build_site(factory: pytest.TempPathFactory) -> Path:
    """Return the built site; building fails as `make docs` does, with what is wrong."""
    base = factory.getbasetemp()
    # Workers of pytest-xdist have folders of their own below one that they share.
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    site, log = shared / "site", shared / "site.log"
    with (shared / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not log.exists():
            log.write_text(_build(site), "utf-8")
    failure = log.read_text("utf-8")
    if failure:
        pytest.fail(failure, pytrace=False)
    return site


def _build(site: Path) -> str:
    """Build the site; return what is wrong."""
    if not MKDOCS.exists():
        return MISSING
    done = subprocess.run(
        [MKDOCS, "build", "--strict", "--site-dir", site],
        cwd=ROOT,
        # Material for MkDocs writes of its successor.
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    warnings = [line for line in done.stdout.splitlines() if not line.startswith("INFO")]
    return "" if done.returncode == 0 else "\n".join(("mkdocs build --strict", *warnings))


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serve(directory: Path) -> Iterator[str]:
    """Serve a folder on a port of its own; gives its URL."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=directory)) as server:
        thread = threading.Thread(target=server.serve_forever, name="site")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()
