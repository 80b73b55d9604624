"""The file of Docker Compose: its form, what it asks for, and its services as processes."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command import Commands
from tests.deploy.files import DEPLOY, parse_command_line, read_yaml, run, tool
from tests.deploy.services import SHOP, wait_for_health
from tests.support.ports import next_port_block
from tests.support.servers import Server, server_binary

FOLDER = DEPLOY / "compose"
FILE = FOLDER / "compose.yaml"
PASSWORD = "0123456789abcdef"
OURS = ("worker", "scheduler", "dashboard")

Services = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def services() -> Services:
    found: Services = read_yaml(FILE)["services"]
    return found


def test_it_is_a_compose_file() -> None:
    done = run(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", FILE)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_secret_is_asked_for_by_its_name() -> None:
    text = FILE.read_text()
    used = dict(re.findall(r"\$\{([A-Z_]+)(:[-?])", text))
    example = dict(re.findall(r"(?m)^([A-Z_]+)=(.*)$", (FOLDER / ".env.example").read_text()))
    assert used.keys() == example.keys()
    assert text.count("${") == len(re.findall(r"\$\{[A-Z_]+:[-?][^}]+\}", text))
    empty = {name for name, value in example.items() if not value}
    assert empty == {name for name in used if re.search("PASSWORD|SECRET|AUTH", name)}
    # Compose ends with one line that names a variable without a value.
    assert {used[name] for name in empty} == {":?"}


@pytest.mark.parametrize("name", OURS)
def test_services_have_few_rights(services: Services, name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["tmpfs"] == ["/tmp"]


def test_every_service_has_a_health_check_limits_and_time_to_stop(services: Services) -> None:
    for name, service in services.items():
        assert service["healthcheck"]["test"], name
        assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}, name
        assert re.fullmatch(r"\d+s", service.get("stop_grace_period", "10s")), name
    worker = services["worker"]
    tasks = parse_command_line(worker["command"])["shutdown_timeout"]
    assert int(worker["stop_grace_period"].removesuffix("s")) >= tasks + 30


def test_mounted_files_are_there(services: Services) -> None:
    volumes = {volume for service in services.values() for volume in service.get("volumes", ())}
    paths = [FOLDER / volume.split(":")[0] for volume in volumes if volume.startswith(".")]
    assert len(paths) == 4
    assert [path for path in paths if not path.exists()] == []


def test_prometheus_scrapes_the_ports_of_the_services(services: Services) -> None:
    (scraped,) = read_yaml(FOLDER / "prometheus.yml")["scrape_configs"]
    (found,) = scraped["dns_sd_configs"]
    assert found["names"] == ["worker", "scheduler"]
    for name in found["names"]:
        options = parse_command_line(services[name]["command"])
        assert found["port"] == options["metrics_port"]
        assert options["metrics_address"] == "0.0.0.0"


@pytest.mark.skipif(
    shutil.which("promtool") is None, reason="promtool is missing: apt-get install prometheus"
)
def test_prometheus_accepts_its_configuration(tmp_path: Path) -> None:
    # Both files are mounted into one folder.
    for path in (FOLDER / "prometheus.yml", DEPLOY / "prometheus" / "rules.yml"):
        shutil.copy(path, tmp_path)
    done = run("promtool", "check", "config", tmp_path / "prometheus.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 rule files found" in done.stdout


@pytest.fixture
def valkey(services: Services, tmp_path: Path) -> Iterator[Server]:
    """The store with the arguments that the file gives it."""
    program, *arguments = services["store"]["command"]
    assert program == "valkey-server"
    binary = server_binary("valkey")
    assert binary is not None
    given = [PASSWORD if "STORE_PASSWORD" in argument else argument for argument in arguments]
    server = Server(binary, tmp_path / "store", args=given)
    yield server
    server.stop()


def test_its_services_run_and_their_health_checks_pass(
    services: Services, valkey: Server, tmp_path: Path, runtime: Path
) -> None:
    web, *free = map(str, next_port_block())

    def here(words: list[str]) -> list[str]:
        """Return words of a service with ports that are free here, where all share one host."""
        return [free.pop() if word == "9180" else word.replace("5555", web) for word in words]

    (tmp_path / "shop.py").write_text(SHOP)
    url = f"redis://:{PASSWORD}@127.0.0.1:{valkey.port}/0"
    environment = {
        "TASKHUB_APP": "shop",
        "TASKHUB_BROKER_URL": url,
        "TASKHUB_WEB_SECRET": "s" * 32,
        "TASKHUB_WEB_BASIC_AUTH": "ann:correct horse",
        "TMPDIR": str(runtime),
    }
    commands = Commands(tmp_path, environment)
    try:
        running = {name: commands.start(*here(services[name]["command"])) for name in OURS}
        said = {}
        for name, service in running.items():
            kind, *check = services[name]["healthcheck"]["test"]
            assert kind == "CMD"
            said[name] = wait_for_health(commands, here(check), service)
        assert "of 2 processes ready" in said["worker"]
        assert "its last turn was" in said["scheduler"]
        # The store keeps what it must.
        doctor = commands.run("doctor")
        assert doctor.returncode == 0, doctor.stdout
        assert not re.search(r"(?m)^(warn|fail) +store", doctor.stdout), doctor.stdout
        assert commands.run("call", "shop.add", "-a", "[1, 2]", "--wait").stdout.strip() == "3"
        # uvicorn ends with the signal; process 1 of a container cannot.
        codes = {name: service.stop() for name, service in running.items()}
        assert codes == {"worker": 0, "scheduler": 0, "dashboard": -signal.SIGTERM}
    finally:
        commands.stop_all()


def test_the_check_of_the_store_waits_for_pong(services: Services, tmp_path: Path) -> None:
    kind, script = services["store"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    client = tmp_path / "valkey-cli"

    def check(reply: str) -> int:
        client.write_text(f"#!/bin/sh\necho '{reply}'\n")
        client.chmod(0o755)
        path = f"{tmp_path}:/usr/bin:/bin"
        return subprocess.run(["sh", "-c", script], env={"PATH": path}, check=False).returncode

    assert check("PONG") == 0
    # Its exit code is 0 in these cases.
    assert check("LOADING Valkey is loading the dataset in memory") != 0
    assert check("NOAUTH Authentication required.") != 0
