"""Commands of a program, and letters that are none."""

from __future__ import annotations

from typing import Any

from taskhub.worker.control.messages import Command
from tests.integration.worker.conftest import Stage
from tests.integration.worker.control.replies import PATIENT, node

CONTROLLED = "tests.integration.worker.control.program"


def test_commands_of_ones_own(stage: Stage) -> None:
    workers = stage.supervised(processes=2, threads=1, module=CONTROLLED)
    control = stage.app.control

    def ask(name: str, **arguments: Any) -> Any:
        (reply,) = control.broadcast(name, arguments, reply=True, timeout=PATIENT)
        return reply[node("celery")]

    assert sorted(ask("whereabouts")) == sorted(workers.pids)
    assert ask("twice", number=21) == {"ok": ["program", node("celery"), 42]}
    assert ask("breaks") == {"error": "LookupError('nothing here')"}
    assert "state.app" in ask("looks")["error"]
    assert "object" in ask("strange")["error"]
    assert "no_such" in ask("no_such")["error"]
    assert "unexpected" in ask("twice", wrong=1)["error"]
    assert ask("ping") == {"ok": "pong"}
    assert "No such control command: no_such" in workers.log


def test_strange_letters_are_ignored(stage: Stage) -> None:
    workers = stage.supervised(threads=1)
    control_bus = stage.app.engine.control_bus
    nobody = Command(method="shutdown", sender="").to_text()
    for text in ("", "no JSON", "[]", '{"method": "shutdown"}', nobody):
        control_bus.publish_command(text)
    control_bus.publish_command(
        Command(method="ping", sender="me", pattern="(", matcher="pcre").to_text()
    )

    assert stage.app.control.ping(timeout=PATIENT) == [{node("celery"): {"ok": "pong"}}]

    assert workers.log.count("a control message was ignored") == 6
    assert workers.is_running
