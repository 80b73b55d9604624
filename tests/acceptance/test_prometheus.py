"""Rules, alerts and the Grafana dashboard, on a real Prometheus that scrapes real workers."""

from __future__ import annotations

import json
import re
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.command import ROOT, Commands, until
from tests.support import prometheus
from tests.support.prometheus import Prometheus, promtool
from tests.support.servers import find_free_port, start_valkey

pytestmark = pytest.mark.prometheus

DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "rules.yml"
#: How often is scraped, and rules are evaluated, in tests.
PERIOD = "500ms"

PROJECT = """
from taskhub import Celery

app = Celery("project")
app.conf.beat_schedule = {"often": {"task": "project.add", "schedule": 1.0, "args": (1, 2)}}

@app.task
def add(x, y):
    return x + y

@app.task
def fail():
    raise ValueError("no luck")

@app.task(queue="idle", acks_late=True)
def never():
    pass
"""


class Watched(NamedTuple):
    """A worker and a scheduler, and the Prometheus that scrapes them."""

    commands: Commands
    server: Prometheus
    ports: tuple[int, int]


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load(RULES.read_text())
    return [rule for group in found["groups"] for rule in group["rules"]]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    directory = tmp_path_factory.mktemp("prometheus")
    (directory / "project.py").write_text(PROJECT)
    prometheus.program("prometheus")
    ports = find_free_port(), find_free_port()
    with start_valkey(directory / "store", args=("--maxmemory", "1gb")) as store:
        store.is_shared = True
        commands = Commands(directory, {"TASKHUB_BROKER_URL": store.url, "TASKHUB_APP": "project"})
        try:
            worker = commands.start(
                *("worker", "-c", "1", "-t", "2", "-Q", "celery"),
                *("--metrics-port", str(ports[0])),
            )
            scheduler = commands.start("scheduler", "--metrics-port", str(ports[1]))
            worker.wait_for("is ready")
            scheduler.wait_for("leads")
            config = _config(directory, ports)
            (directory / "data").mkdir()
            with prometheus.running(config, directory / "data") as server:
                yield Watched(commands, server, ports)
        finally:
            commands.stop_all()


def _config(directory: Path, ports: tuple[int, ...]) -> Path:
    """Write the example's configuration with the ports and periods of a test."""
    config = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    config["global"] = dict.fromkeys(config["global"], PERIOD)
    config["rule_files"] = [str(RULES)]
    (job,) = config["scrape_configs"]
    assert len(job["static_configs"]) == len(ports)
    for each, port in zip(job["static_configs"], ports, strict=True):
        each["targets"] = [f"127.0.0.1:{port}"]
    path = directory / "prometheus.yml"
    path.write_text(yaml.safe_dump(config))
    return path


def test_files_are_valid() -> None:
    assert f"{len(rules())} rules found" in promtool("check", "rules", RULES)
    promtool("check", "config", DEPLOY / "prometheus" / "prometheus.yml")


def test_alerts_fire_when_they_should() -> None:
    path = Path(__file__).parent / "prometheus" / "rules_test.yml"
    promtool("test", "rules", path)
    tested = yaml.safe_load(path.read_text())["tests"]
    fired = {
        case["alertname"]
        for test in tested
        for case in test["alert_rule_test"]
        if case["exp_alerts"]
    }
    assert fired == {rule["alert"] for rule in rules() if "alert" in rule}


def test_panels_of_the_dashboard_stand_beside_each_other() -> None:
    panels = json.loads((DEPLOY / "grafana" / "taskhub.json").read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not taken & cells, panel["title"]
        taken |= cells


def test_every_alert_has_a_runbook() -> None:
    text = (ROOT / "docs" / "observability.md").read_text("utf-8")
    headings = set(re.findall(r"(?m)^### (Taskhub\w+)$", text))
    alerts = {rule["alert"]: rule for rule in rules() if "alert" in rule}
    assert headings == set(alerts)
    for name, rule in alerts.items():
        assert rule["annotations"]["runbook"] == f"docs/observability.md#{name.lower()}"
        assert rule["labels"]["severity"] in ("warning", "critical")


def test_rules_are_evaluated_on_what_workers_report(watched: Watched) -> None:
    commands, server, _ = watched
    commands.run("call", "project.fail", "--wait")
    commands.run("call", "project.never")
    failed = 'taskhub_tasks_total{task="project.fail",outcome="failed"}'
    until(lambda: server.query(failed), "the failed task in Prometheus")
    until(
        lambda: all(
            rule["health"] == "ok"
            for group in server.get("rules")["groups"]
            for rule in group["rules"]
        ),
        "all rules to be evaluated",
    )

    # A queue that nobody serves is about to alarm; what is well is not.
    def alerts() -> dict[str, str]:
        return {
            alert["labels"]["alertname"]: alert["labels"].get("queue")
            for alert in server.get("alerts")["alerts"]
        }

    until(lambda: alerts() == {"TaskhubQueueUnserved": "idle"}, f"one alert; there is {alerts()}")
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    until(lambda: all(server.query(name) for name in recorded), f"values of all of {recorded}")


def test_every_query_of_the_dashboard_has_an_answer(watched: Watched) -> None:
    _, server, _ = watched
    until(lambda: server.query("rate(taskhub_schedule_runs_total[5m]) > 0"), "some history", 30.0)
    queries = dashboard_queries()
    assert len(queries) > 40
    for expression in queries:
        result = server.query(expression)
        # These have nothing to show while all is well.
        if not expression.rstrip().endswith("> 0") and "ALERTS" not in expression:
            assert result, expression


def test_rules_and_dashboard_use_metrics_that_exist(watched: Watched) -> None:
    known = set()
    for port in watched.ports:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
            text = reply.read().decode()
        for family in text_string_to_metric_families(text):
            known |= {family.name, *(sample.name for sample in family.samples)}
    expressions = [rule["expr"] for rule in rules()] + dashboard_queries()
    used = {
        name
        for expression in expressions
        for name in re.findall(r"(?<![:\w])taskhub_\w+", re.sub(r'"[^"]*"', "", expression))
    }
    assert used
    assert used <= known
    documented = (ROOT / "docs" / "observability.md").read_text("utf-8")
    names = {re.sub(r"_(bucket|count|sum|created)$", "", name) for name in known}
    ours = {name for name in names if name.startswith("taskhub_")}
    missing = [
        name
        for name in sorted(ours)
        if f"`{name}`" not in documented and f"`{name}_total`" not in documented
    ]
    assert not missing


def dashboard_queries() -> list[str]:
    """Return all queries of the dashboard, as Grafana would send them with all variables at All."""
    board = json.loads((DEPLOY / "grafana" / "taskhub.json").read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    found += [note["expr"] for note in board["annotations"]["list"]]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            (series,) = re.fullmatch(r"label_values\((.+), \w+\)", variable["definition"]).groups()
            found.append(series)
    return [
        re.sub(r"\$(job|queue|task)\b", ".*", expression).replace("$__rate_interval", "1m")
        for expression in found
    ]
