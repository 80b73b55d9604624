"""What goes to the service manager, and where."""

from __future__ import annotations

import os
import secrets
import socket

import pytest

from taskhub.cli.service_manager import ServiceManager, watchdog_period


def receive(listener: socket.socket) -> str:
    listener.settimeout(5)
    return listener.recv(4096).decode()


def test_reports_go_to_an_abstract_socket() -> None:
    name = f"taskhub-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        manager = ServiceManager({"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "60000000"})
        manager.report_ready()
        assert receive(listener) == "READY=1"
        # At each turn of a loop; the second time within half a minute it says nothing.
        manager.report_alive()
        manager.report_alive()
        manager.report_stopping()
        assert receive(listener) == "WATCHDOG=1"
        assert receive(listener) == "STOPPING=1"


def test_without_a_service_manager_nothing_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    manager = ServiceManager({"WATCHDOG_USEC": "1000"})
    manager.report_ready()
    manager.report_alive()
    assert manager.watchdog_period is None
    assert caplog.text == ""


def test_one_that_is_gone_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    ServiceManager({"NOTIFY_SOCKET": "/nowhere/notify"}).report_ready()
    assert "READY=1 was not reported to the service manager" in caplog.text


@pytest.mark.parametrize(
    ("environment", "period"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 30.0),
        # It watches the process that started this one.
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getppid())}, None),
    ],
)
def test_how_often_it_wants_to_hear(environment: dict[str, str], period: float | None) -> None:
    assert watchdog_period(environment) == period
