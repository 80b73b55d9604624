"""Commands and options of Celery's command line that taskhub's did not have before."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path

import pytest

from taskhub.celery_version import __version__
from taskhub.cli.command_runner import run
from taskhub.cli.shell import namespace
from taskhub.cli.upgrade import renamed


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module with an app, in the directory."""
    name = f"celery_names_{abs(hash(tmp_path)):x}"
    (tmp_path / "mine.py").write_text("")
    (tmp_path / f"{name}.py").write_text(
        "from taskhub import Celery\n"
        "app = Celery('x', broker='memory://', set_as_current=False, task_queues=['a'])\n"
        "@app.task\n"
        "def add(x, y):\n"
        "    return x + y\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for variable in ("CELERY_CONFIG_MODULE", "NO_COLOR"):
        # So that it is afterwards as it was.
        monkeypatch.setenv(variable, "")
        monkeypatch.delenv(variable)
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    return name


def test_version_is_celerys(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"], "celery") == 0
    assert capsys.readouterr().out == f"{__version__} (taskhub)\n"
    assert __version__.startswith("5.7.0+taskhub.")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["amqp", "queue.declare", "x"], "celery queues"),
        (["logtool", "stats", "x.log"], "--log-format json"),
        (["migrate", "redis://a", "redis://b", "-n", "3"], "old broker"),
        (["graph", "bootsteps"], "middleware"),
        (["events", "--camera", "x.Camera"], "app.events.Receiver"),
        (["wroker"], "Did you mean worker?"),
    ],
)
@pytest.mark.usefixtures("project")
def test_what_is_unsupported_text_says_what_to_do(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert run(arguments, "celery") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line


def test_taskhubs_own_migrate_is_no_command_of_celerys(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["migrate", "--help"], "taskhub") == 0
    assert "check" in capsys.readouterr().out


@pytest.mark.parametrize("program", ["celery", "taskhub"])
def test_options_of_the_program(
    capsys: pytest.CaptureFixture[str], project: str, tmp_path: Path, program: str
) -> None:
    line = ["-C", "-q", "--workdir", str(tmp_path), "--config", "mine", "-A", project]
    assert run([*line, "list", "bindings"], program) == 0
    assert capsys.readouterr().out.split()[-3:] == ["a", "a", "a"]
    assert os.environ["CELERY_CONFIG_MODULE"] == "mine"


def test_report_tells_versions_and_settings(
    capsys: pytest.CaptureFixture[str], project: str
) -> None:
    assert run(["-A", project, "report"], "celery") == 0
    assert "transport:memory://" in capsys.readouterr().out


def test_workers_are_drawn(capsys: pytest.CaptureFixture[str], project: str) -> None:
    assert run(["-A", project, "graph", "workers"], "celery") == 0
    assert capsys.readouterr().out.startswith("digraph workers {")


def test_shell_has_the_tasks_at_hand() -> None:
    from taskhub import Celery, chain

    app = Celery("x", broker="memory://", set_as_current=False)

    @app.task
    def in_shell() -> None: ...

    names = namespace(app, with_tasks=True)
    assert (names["app"], names["chain"], names["in_shell"]) == (app, chain, in_shell)
    assert "in_shell" not in namespace(app, with_tasks=False)


OLD = """\
BROKER_URL = "redis://"  # BROKER_URL, as ever
app.conf.CELERY_RESULT_BACKEND = None
app.conf['CELERYD_CONCURRENCY'] = 3
text = "the setting BROKER_URL"
"""


def test_settings_are_renamed_where_they_are_names() -> None:
    assert renamed(OLD, prefixed=False) == (
        'broker_url = "redis://"  # BROKER_URL, as ever\n'
        "app.conf.result_backend = None\n"
        "app.conf['worker_concurrency'] = 3\n"
        'text = "the setting BROKER_URL"\n'
    )
    assert "CELERY_WORKER_CONCURRENCY" in renamed(OLD, prefixed=True)
    assert renamed("result_backend = 1\n", prefixed=False) == "result_backend = 1\n"


@pytest.mark.usefixtures("project")
def test_upgraded_files_are_kept(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "celeryconfig.py"
    path.write_text(OLD)
    assert run(["upgrade", "settings", str(path)], "celery") == 0
    assert path.with_name("celeryconfig.py.orig").read_text() == OLD
    assert path.read_text() == renamed(OLD, prefixed=False)
    assert run(["upgrade", "settings", str(path)], "celery") == 0
    assert "not seem to require" in capsys.readouterr().out
