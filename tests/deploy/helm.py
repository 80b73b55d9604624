"""Helm, which runs in a process of its own, and the objects that it renders of our chart."""

from __future__ import annotations

import json
import subprocess
from typing import Any, Final

import yaml

from tests.deploy.files import DEPLOY

CHART: Final = DEPLOY / "helm" / "taskhub"

Values = dict[str, Any]
Object = dict[str, Any]

LEAST: Final[Values] = {
    "image": {"repository": "registry.example/shop", "tag": "1"},
    "app": "shop",
    "store": {"existingSecret": "shop-store"},
    "dashboard": {"existingSecret": "shop-dashboard"},
}


def merged(*parts: Values) -> Values:
    """Return values joined as Helm joins its files."""
    found: Values = {}
    for part in parts:
        for name, value in part.items():
            both = isinstance(value, dict) and isinstance(found.get(name), dict)
            found[name] = merged(found[name], value) if both else value
    return found


class Helm:
    """Helm in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def _ask(self, operation: str, values: Values) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([operation, str(CHART), values]) + "\n")
        self._process.stdin.flush()
        kind, found = json.loads(self._process.stdout.readline())
        if kind == "error":
            raise ValueError(found)
        return found

    def lint(self, values: Values) -> list[Any]:
        """Return the warnings and errors of `helm lint --strict`."""
        return [found for found in self._ask("lint", values) if found["severity"] > 1]

    def render(self, *values: Values) -> list[Object]:
        """Return the objects.

        Raises:
            ValueError: Helm or the chart refuses the values.
        """
        files = self._ask("render", merged(LEAST, *values))
        return [
            found
            for name, text in files.items()
            if name.endswith(".yaml")
            for found in yaml.safe_load_all(text)
            if found is not None
        ]


def of_kind(objects: list[Object], kind: str) -> dict[str, Object]:
    """Return the objects of a kind by their names."""
    return {found["metadata"]["name"]: found for found in objects if found["kind"] == kind}


def containers(objects: list[Object]) -> dict[str, Object]:
    """Return the container of each deployment."""
    return {
        name: found["spec"]["template"]["spec"]["containers"][0]
        for name, found in of_kind(objects, "Deployment").items()
    }
