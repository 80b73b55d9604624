"""How fast the dashboard's API answers from a full store, and what open pages cost the store."""

from __future__ import annotations

import json

from benchmarks.bench import Bench
from benchmarks.processes import running
from benchmarks.rows.row import Metric, Row, Share
from benchmarks.systems.system import REPOSITORY, System

#: Filling the store and all answers.
TIMEOUT = 1200.0  # seconds
TITLE = "dashboard, 1,000,000 ended tasks, 1,000 queues"
PAGES = {
    "slowest": "the slowest of 23 answers of the API",
    "overview_72h": "overview, 72 h",
    "tasks": "list of tasks",
    "tasks_argument": "list of tasks, `args.user:17`",
    "groups": "groups of failed tasks",
    "task": "one task",
    "canvas": "canvas of a task",
    "queues": "queues",
    "search_id": "search by an id",
}


def measure(bench: Bench, system: System) -> dict[str, float]:
    """Fill the store, run idle workers, and measure in the system's environment."""
    command = [
        *(system.python, "-m", "benchmarks.dashboard_cost", "--url", bench.server.url),
        *(["--quick"] if bench.quick else []),
    ]
    environment = system.environment(bench.server.url)
    environment["PYTHONPATH"] += f":{REPOSITORY}"
    with (
        bench.workers(system),
        running("dashboard", command, environment, answers=True) as process,
    ):
        figures: dict[str, float] = json.loads(process.finish(TIMEOUT))
    return {
        **{f"dashboard_{name}": figures[name] for name in PAGES},
        "dashboard_store_one": figures["store_one"],
        "dashboard_store_many": figures["store_many"],
    }


DASHBOARD = Row(
    name="dashboard",
    metrics=(
        *(
            Metric(f"dashboard_{name}", f"{TITLE}: {title}", "ms", higher_is_better=False)
            for name, title in PAGES.items()
        ),
        Metric(
            "dashboard_store_one",
            "processor use of the store by one open dashboard",
            "% of a core",
            higher_is_better=False,
        ),
        Metric(
            "dashboard_store_many",
            "processor use of the store by 100 open dashboards",
            "% of a core",
            higher_is_better=False,
        ),
    ),
    measure=measure,
    systems=frozenset({"taskhub"}),
    otherwise="has no dashboard of its own",
    shares=(
        Share(
            "processor use by 100 open dashboards, of that by one",
            part="dashboard_store_many",
            whole="dashboard_store_one",
        ),
    ),
)
