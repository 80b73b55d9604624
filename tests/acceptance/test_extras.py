"""Without any extra the library works, and the shipped tasks say which one they lack."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import Commands
from tests.support.extras import core_distributions, hide_extras

#: Task -> its arguments, what lacks a library, the extra that brings it.
TASKS: dict[str, tuple[dict[str, Any], str, str]] = {
    "Modules.admin.tasks.default_tasks.send_email": (
        {"to": "a@example.com", "subject": "s", "body": "b"},
        "e-mail",
        "mail",
    ),
    "Modules.admin.tasks.default_tasks.clear_cache": (
        {"key_prefix": "user:"},
        "clear_cache",
        "cache",
    ),
    "Modules.admin.tasks.default_tasks.check_system_status": (
        {},
        "looking after the system",
        "mail",
    ),
    "Modules.admin.tasks.default_tasks.clean_temp_files": ({}, "looking after the system", "mail"),
    "Modules.quant.tasks.sync_stock_data": ({}, "market data", "quant"),
}


@pytest.fixture
def bare(commands: Commands, tmp_path: Path) -> Commands:
    """The commands, where no extra is installed."""
    hidden = hide_extras(tmp_path / "hidden")
    commands.environment["PYTHONPATH"] = f"{hidden}:{commands.environment['PYTHONPATH']}"
    return commands


def test_the_library_needs_little() -> None:
    core = core_distributions()
    assert {"dramatiq", "redis", "hiredis", "click", "rich", "psutil"} <= core
    assert not core & {"pydantic", "pydantic-settings", "jinja2", "email-validator", "sqlalchemy"}


def test_somebody_elses_app_works(bare: Commands) -> None:
    code = "import taskhub; [getattr(taskhub, name) for name in taskhub.__all__]; import taskhub.actors"
    (bare.directory / "probe.py").write_text(
        f"{code}\ntry:\n import pydantic\nexcept ImportError:\n print('bare')"
    )
    assert bare.run(module="probe").stdout == "bare\n"
    worker = bare.start("worker", "-c", "1")
    called = bare.run("call", "project.add", "--args", "[1, 2]", "--wait")
    assert (called.returncode, called.stdout.strip().splitlines()[-1]) == (0, "3"), called
    assert bare.run("doctor").returncode == 0
    assert worker.stop() == 0


def test_the_shipped_tasks_say_what_to_install(bare: Commands) -> None:
    worker = bare.start("-A", "taskhub.actors", "worker", "-p", "1", "-t", "2")
    for name, (arguments, what, extra) in TASKS.items():
        called = bare.run(
            *("-A", "taskhub.actors", "call", name, "--kwargs", json.dumps(arguments), "--wait")
        )
        assert called.returncode != 0
        assert f"{what} needs " in called.stderr, called
        assert f"install the extra taskhub-core[{extra}]" in called.stderr
        assert "://" not in called.stderr
    found = bare.run("-A", "taskhub.actors", "doctor", "--json")
    lacking = {
        one["subject"]: one["advice"]
        for one in map(json.loads, found.stdout.splitlines())
        if "is not installed" in one["detail"]
    }
    assert lacking == {
        "e-mail": "install the extra taskhub-core[mail]",
        "operators": "install the extra taskhub-core[mail]",
        "cache": "install the extra taskhub-core[cache]",
        "market data": "install the extra taskhub-core[quant]",
    }
    assert found.returncode == 0
    assert worker.stop() == 0


def test_a_host_of_the_dashboard_learns_what_to_install(bare: Commands) -> None:
    (bare.directory / "host.py").write_text("from taskhub.web import dashboard")
    assert (
        "taskhub.web.dashboard needs starlette: install the extra taskhub-core[web]"
        in bare.run(module="host").stderr
    )


def test_up_goes_without_a_dashboard(bare: Commands) -> None:
    up = bare.start("up", "-c", "1")
    up.wait_for("Ctrl-C stops it.")
    assert "no dashboard: install taskhub-core[web]" in up.output
    assert up.stop() == 0


@pytest.mark.parametrize(
    ("module", "needs", "extra"),
    [
        ("taskhub.contrib.opentelemetry", "opentelemetry", "opentelemetry"),
        ("taskhub.contrib.sentry", "sentry_sdk", "sentry"),
    ],
)
def test_tracing_says_what_to_install(bare: Commands, module: str, needs: str, extra: str) -> None:
    (bare.directory / "probe.py").write_text(f"import {module}")
    done = bare.run(module="probe")
    assert done.stderr.splitlines()[-1] == (
        f"ModuleNotFoundError: {module} needs {needs}: install the extra taskhub-core[{extra}]"
    )
