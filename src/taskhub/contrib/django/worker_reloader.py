"""`manage.py taskhub worker --autoreload`: the worker is started anew when the code changes."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from django.apps import apps
from django.utils.autoreload import StatReloader, get_child_arguments

from taskhub.cli import exit_codes

__all__ = ("OPTION", "run_worker_reloading")

OPTION: Final = "--autoreload"
#: How long running tasks may go on when the code has changed, seconds; then they are requeued.
PATIENCE: Final = 3.0
#: What a worker ends with that is not to be started again.
_FINAL: Final = (exit_codes.OK, exit_codes.USAGE, exit_codes.INTERRUPTED)


def run_worker_reloading() -> int:
    """Run this program without the option, anew after each change; returns the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(exit_codes.OK))
    command = [word for word in get_child_arguments() if word != OPTION]
    reloader = _Reloader()
    for directory in _project_directories():
        reloader.watch_dir(directory, "**/*.py")
    process = subprocess.Popen(command)
    has_ended = False
    try:
        for _ in reloader.tick():
            if reloader.changed:
                _say(f"{reloader.changed[0]} has changed: the worker is started anew")
                reloader.changed.clear()
                _stop(process)
                process, has_ended = subprocess.Popen(command), False
            elif (code := process.poll()) in _FINAL:
                return code
            elif code is not None and not has_ended:
                has_ended = True
                _say(f"the worker has ended with {code}: it is started when the code changes")
    except KeyboardInterrupt:
        # Ctrl-C has reached the worker, too.
        return process.wait()
    finally:
        _stop(process)
    return exit_codes.OK


class _Reloader(StatReloader):  # type: ignore[misc]
    """Collects the files that have changed."""

    def __init__(self) -> None:
        super().__init__()
        self.changed: list[Any] = []

    def notify_file_changed(self, path: Any) -> None:
        """Note a file."""
        self.changed.append(path)


def _project_directories() -> set[Path]:
    """Return where the project's own apps are, and `manage.py`."""
    found = {Path(config.path).resolve() for config in apps.get_app_configs()}
    found.add(Path(sys.argv[0]).resolve().parent)
    return {path for path in found if not {"site-packages", "dist-packages"} & {*path.parts}}


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a worker; tasks that take longer are requeued."""
    for _ in range(2):
        if process.poll() is not None:
            return
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()
