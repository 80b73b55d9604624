"""Another version of a library is one clear line; a missing one is in tests/acceptance/test_extras.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_a_sentry_sdk_of_another_version(tmp_path: Path) -> None:
    package = tmp_path / "sentry_sdk"
    package.mkdir()
    (package / "__init__.py").write_text('VERSION = "1.0.0"\ndef init(): ...\n')
    done = subprocess.run(
        [sys.executable, "-c", "import taskhub.contrib.sentry"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: taskhub.contrib.sentry needs another version of sentry_sdk: install "
        "the extra taskhub-core[sentry]"
    )
