"""Lints and renders the chart: a process of the tools' environment, which has Helm as a library.

Reads one request a line, as JSON: [operation, chart, values]. Answers each with a line: ["ok", what
was found] or ["error", text].
"""

from __future__ import annotations

import json
import sys
from typing import Any

import helm_python


def answer(operation: str, path: str, values: dict[str, Any]) -> Any:
    """Return what an operation finds."""
    if operation == "lint":
        return helm_python.lint(path, values, strict=True)["messages"]
    with helm_python.Chart.load(path) as chart:
        # As `helm template` and `helm install` do first.
        chart.validate_schema(values)
        return chart.render(values, name="live", namespace="shop")


for line in sys.stdin:
    try:
        reply = ["ok", answer(*json.loads(line))]
    except helm_python.HelmError as error:
        reply = ["error", str(error)]
    sys.stdout.write(json.dumps(reply) + "\n")
    sys.stdout.flush()
