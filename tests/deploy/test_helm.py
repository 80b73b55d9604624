"""The Helm chart, linted and rendered by Helm itself, and the objects that come out of it."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import click
import httpx
import pytest
import yaml

from taskhub import Celery
from taskhub.web import Passwords, dashboard
from taskhub.web.auth.users_file import new_token, token_hash
from tests.deploy.files import DEPLOY, parse_command_line, read_yaml, run, tool
from tests.deploy.helm import CHART, LEAST, Helm, Object, Values, containers, merged, of_kind

#: What the schemas of Kubernetes do not know.
CUSTOM: Final = {"ScaledObject", "TriggerAuthentication", "ServiceMonitor", "PrometheusRule"}
#: The oldest version of Kubernetes that Chart.yaml allows. To read the schemas of one takes seconds.
OLDEST: Final = "1.27"


@pytest.fixture(scope="module")
def helm() -> Iterator[Helm]:
    python = tool("python")
    if run(python, "-c", "import helm_python").returncode != 0:
        pytest.skip("helm-python-sdk is missing: make .venv-tools/.requirements")
    program = Path(__file__).with_name("helm_program.py")
    with subprocess.Popen(
        [python, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield Helm(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def everything() -> Values:
    """Values that turn on everything that the chart can make."""
    found: Values = read_yaml(CHART / "ci" / "everything-values.yaml")
    return found


@pytest.fixture(scope="module")
def objects(helm: Helm, everything: Values) -> list[Object]:
    return helm.render(everything)


def test_helm_finds_nothing_wrong(helm: Helm, everything: Values) -> None:
    assert helm.lint(LEAST) == []
    assert helm.lint(merged(LEAST, everything)) == []


def test_kubernetes_knows_the_objects(helm: Helm, objects: list[Object], tmp_path: Path) -> None:
    assert read_yaml(CHART / "Chart.yaml")["kubeVersion"] == f">={OLDEST}.0-0"
    known = [found for found in objects if found["kind"] not in CUSTOM]
    with_url = helm.render({"store": {"existingSecret": "", "url": "redis://one:6379/0"}})
    known += of_kind(with_url, "Secret").values()
    assert {found["kind"] for found in known} == {
        *("Deployment", "HorizontalPodAutoscaler", "Ingress", "NetworkPolicy"),
        *("PodDisruptionBudget", "Secret", "Service", "ServiceAccount"),
    }
    manifest = tmp_path / "objects.yaml"
    manifest.write_text(yaml.safe_dump_all(known))
    done = run(tool("kubernetes-validate"), "--strict", "-k", OLDEST, manifest)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_object_is_made_once(objects: list[Object]) -> None:
    names = [(found["kind"], found["metadata"]["name"]) for found in objects]
    assert len(names) == len(set(names))
    assert {kind for kind, _ in names} >= CUSTOM


def test_taskhub_accepts_the_command_lines(objects: list[Object]) -> None:
    found = containers(objects)
    assert set(found) == {
        "live-taskhub-dashboard",
        "live-taskhub-scheduler",
        *(f"live-taskhub-worker-{name}" for name in ("default", "mail", "reports")),
    }
    options = {name: parse_command_line(container["args"]) for name, container in found.items()}
    mail = options["live-taskhub-worker-mail"]
    assert mail["queues"] == ("mail,mail.bulk",)
    assert (mail["processes"], mail["threads"]) == (1, 4)
    assert mail["metrics_port"] == 9180
    assert options["live-taskhub-scheduler"]["metrics_port"] == 9180
    # Further arguments, and the defaults of others.
    assert options["live-taskhub-worker-reports"]["loglevel"] == "warning"
    assert options["live-taskhub-worker-default"]["processes"] == 2


def test_taskhub_accepts_the_probes(objects: list[Object]) -> None:
    seen = set()
    for name, container in containers(objects).items():
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            command = container.get(probe, {}).get("exec", {}).get("command")
            if command is None:
                continue
            assert command[0] == "taskhub"
            assert parse_command_line(command[1:])["healthcheck"]
            # A probe starts Python, which Kubernetes gives 1 s.
            assert container[probe]["timeoutSeconds"] >= 10
            seen.add((name.split("-")[2], probe))
    assert len(seen) == 5


def test_pods_have_more_time_to_stop_than_their_tasks(helm: Helm) -> None:
    for seconds in (0, 60, 3600):
        (worker,) = (
            found
            for name, found in of_kind(
                helm.render({"shutdownTimeout": seconds}), "Deployment"
            ).items()
            if "worker" in name
        )
        pod = worker["spec"]["template"]["spec"]
        options = parse_command_line(pod["containers"][0]["args"])
        assert options["shutdown_timeout"] == seconds
        assert pod["terminationGracePeriodSeconds"] == seconds + 30


def test_pods_have_few_rights(objects: list[Object]) -> None:
    for name, deployment in of_kind(objects, "Deployment").items():
        pod = deployment["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True, name
        assert pod["automountServiceAccountToken"] is False, name
        (container,) = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }, name
        assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"], name
        assert container["resources"]["limits"]["memory"], name


def test_selectors_find_the_pods_of_their_own(objects: list[Object]) -> None:
    pods = {
        name: found["spec"]["template"]["metadata"]["labels"]
        for name, found in of_kind(objects, "Deployment").items()
    }

    def selected(selector: dict[str, str]) -> set[str]:
        return {name for name, labels in pods.items() if selector.items() <= labels.items()}

    for name, deployment in of_kind(objects, "Deployment").items():
        assert selected(deployment["spec"]["selector"]["matchLabels"]) == {name}
    for name, budget in of_kind(objects, "PodDisruptionBudget").items():
        assert selected(budget["spec"]["selector"]["matchLabels"]) == {name}
    services = of_kind(objects, "Service")
    assert selected(services["live-taskhub-dashboard"]["spec"]["selector"]) == {
        "live-taskhub-dashboard"
    }
    assert selected(services["live-taskhub-metrics"]["spec"]["selector"]) == {
        name for name in pods if "dashboard" not in name
    }
    (policy,) = of_kind(objects, "NetworkPolicy").values()
    assert selected(policy["spec"]["podSelector"]["matchLabels"]) == set(pods)


def test_values_of_a_worker_go_before_the_defaults(helm: Helm) -> None:
    found = helm.render(
        {
            "workers": [
                {"name": "one", "podDisruptionBudget": {"enabled": False}, "replicas": 0},
                {"name": "two", "resources": {"limits": {"memory": "2Gi"}}},
            ]
        }
    )
    deployments = of_kind(found, "Deployment")
    assert deployments["live-taskhub-worker-one"]["spec"]["replicas"] == 0
    two = containers(found)["live-taskhub-worker-two"]["resources"]
    assert two == {
        "requests": {"cpu": "250m", "memory": "256Mi"},
        "limits": {"memory": "2Gi"},
    }
    assert set(of_kind(found, "PodDisruptionBudget")) == {
        "live-taskhub-scheduler",
        "live-taskhub-worker-two",
    }


def test_the_number_of_replicas_is_left_to_what_scales(objects: list[Object]) -> None:
    replicas = {
        name: found["spec"].get("replicas")
        for name, found in of_kind(objects, "Deployment").items()
        if "worker" in name
    }
    assert replicas == {
        "live-taskhub-worker-default": 2,
        "live-taskhub-worker-mail": None,
        "live-taskhub-worker-reports": None,
    }
    (scaler,) = of_kind(objects, "HorizontalPodAutoscaler").values()
    assert scaler["spec"]["scaleTargetRef"]["name"] == "live-taskhub-worker-reports"


def test_keda_finds_its_figures_in_the_api(objects: list[Object]) -> None:
    (scaled,) = of_kind(objects, "ScaledObject").values()
    spec = scaled["spec"]
    assert spec["scaleTargetRef"]["name"] == "live-taskhub-worker-mail"
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (0, 5)
    modifiers = spec["advanced"]["scalingModifiers"]
    assert modifiers["formula"] == "q0_ready + q0_running + q1_ready + q1_running"
    assert modifiers["target"] == "4"

    token = new_token()
    app = Celery("shop", broker="memory://", set_as_current=False)
    board = dashboard(app, auth=Passwords([f"keda viewer {token_hash(token)}"]))
    for queue, number in (("mail", 3), ("mail.bulk", 1)):
        for _ in range(number):
            app.send_task("shop.send", queue=queue)

    async def count(metadata: dict[str, str], **headers: str) -> Any:
        """Return the figure that KEDA finds, or the status of an answer without one."""
        # As from another pod, without TLS.
        transport = httpx.ASGITransport(board, client=("10.1.2.3", 1))
        async with httpx.AsyncClient(transport=transport) as client, board.lifetime():
            response = await client.get(metadata["url"], headers=headers)
            if response.status_code != 200:
                return response.status_code
            value = response.json()
            for part in metadata["valueLocation"].split("."):
                value = value[part]
            return value

    counted = {}
    (authentication,) = of_kind(objects, "TriggerAuthentication")
    for trigger in spec["triggers"]:
        assert trigger["authenticationRef"]["name"] == authentication
        assert asyncio.run(count(trigger["metadata"])) == 401
        found = asyncio.run(count(trigger["metadata"], Authorization=f"Bearer {token}"))
        counted[trigger["name"]] = found
    app.engine.close()
    assert counted == {"q0_ready": 3, "q0_running": 0, "q1_ready": 1, "q1_running": 0}


def test_rules_are_those_of_prometheus(objects: list[Object]) -> None:
    (rule,) = of_kind(objects, "PrometheusRule").values()
    assert rule["spec"] == read_yaml(DEPLOY / "prometheus" / "rules.yml")
    (monitor,) = of_kind(objects, "ServiceMonitor").values()
    (job,) = monitor["spec"]["endpoints"][0]["relabelings"]
    # The rules look for jobs of such names.
    assert (job["targetLabel"], job["replacement"]) == ("job", "taskhub-live")


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"image": {"repository": ""}}, "image.repository is missing"),
        ({"app": ""}, "app is missing: name your app, as for `taskhub -A`"),
        ({"store": {"existingSecret": ""}}, "the store is missing: set store.existingSecret"),
        (
            {"dashboard": {"existingSecret": ""}},
            "dashboard.existingSecret is missing: name a Secret with the keys users and secret",
        ),
        (
            {"workers": [{"name": "a"}, {"name": "a"}]},
            "workers: two of them are named a",
        ),
        (
            {"workers": [{"name": "a", "autoscaling": {"kind": "keda"}}]},
            "worker a: autoscaling by keda needs queues",
        ),
        (
            {"workers": [{"name": "a", "queues": ["q"], "autoscaling": {"kind": "keda"}}]},
            "keda.existingSecret is missing: name a Secret with the key token",
        ),
        (
            {"workers": [{"name": "a", "autoscaling": {"kind": "hpa", "minReplicas": 0}}]},
            "worker a: autoscaling by hpa needs minReplicas of at least 1",
        ),
        (
            {"workers": [{"name": "a", "autoscaling": {"minReplicas": 5, "maxReplicas": 2}}]},
            "worker a: autoscaling.minReplicas is greater than maxReplicas",
        ),
        ({"replicas": 3}, "replicas"),
        ({"workers": []}, "/workers"),
        ({"workers": [{"replicas": 2}]}, "name"),
        ({"workers": [{"name": "Mail_Bulk"}]}, "/workers/0/name"),
        ({"workers": [{"name": "a", "concurrency": 2}]}, "concurrency"),
        ({"workers": [{"name": "a", "queues": "mail"}]}, "/workers/0/queues"),
        ({"workers": [{"name": "a", "queues": ["a,b"]}]}, "/workers/0/queues/0"),
        ({"workers": [{"name": "a", "autoscaling": {"kind": "cron"}}]}, "/autoscaling/kind"),
        ({"shutdownTimeout": "10m"}, "/shutdownTimeout"),
        ({"shutdownTimeout": -1}, "/shutdownTimeout"),
        ({"store": {"url": "amqp://guest@rabbit/"}}, "/store/url"),
        ({"metrics": {"port": 70000}}, "/metrics/port"),
        ({"dashboard": {"basePath": "tasks/"}}, "/dashboard/basePath"),
        ({"dashboard": {"ingress": {"enabled": True}}}, "/dashboard/ingress/host"),
    ],
)
def test_wrong_values_are_refused_by_name(helm: Helm, values: Values, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        helm.render(values)


def test_a_url_becomes_a_secret_and_new_pods(helm: Helm) -> None:
    def rendered(url: str) -> tuple[list[Object], dict[str, str]]:
        found = helm.render({"store": {"existingSecret": "", "url": url}})
        annotations = {
            name: deployment["spec"]["template"]["metadata"]["annotations"]["checksum/store"]
            for name, deployment in of_kind(found, "Deployment").items()
        }
        return found, annotations

    found, before = rendered("redis://:secret@one:6379/0")
    assert set(of_kind(found, "Secret")) == {"live-taskhub-store"}
    for container in containers(found).values():
        assert "redis://" not in json.dumps(container)
        reference = {"secretKeyRef": {"name": "live-taskhub-store", "key": "url"}}
        assert {"name": "TASKHUB_BROKER_URL", "valueFrom": reference} in container["env"]
    _, after = rendered("redis://:secret@two:6379/0")
    assert all(before[name] != after[name] for name in before)


def test_a_command_line_that_taskhub_does_not_have_is_noticed() -> None:
    """The check of command lines above can fail."""
    refused: list[Callable[[], object]] = [
        lambda: parse_command_line(["worker", "--concurency", "2"]),
        lambda: parse_command_line(["worker", "--healthcheck", "alive"]),
        lambda: parse_command_line(["beats"]),
    ]
    for parse in refused:
        with pytest.raises(click.UsageError):
            parse()
