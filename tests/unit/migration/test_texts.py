"""What is found in scripts, Dockerfiles, compose files, units and requirements."""

from __future__ import annotations

import pytest

from tests.unit.migration.conftest import Check


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("celery -A proj worker -Q a,b -c 4 -P threads -n w1@%h -l info", []),
        ("celery -A proj beat -l info", []),
        ("exec /venv/bin/celery --app=proj worker -linfo -c4 --max-tasks-per-child=10", []),
        ("python -m celery -A proj worker --without-mingle",
         ["without-effect celery worker --without-mingle @run.sh:1"]),
        ("celery -A proj worker -B", ["differs celery worker -B @run.sh:1"]),
        ("celery -A proj worker --uid=1 --purge", []),
        ("celery -A proj worker --frobnicate=1", [("unsupported celery worker --frobnicate "
                                                  "@run.sh:1")]),
        ("celery -A proj beat -S x.Scheduler", []),
        ("celery -A proj flower --port=5555", []),
        ("celery -A proj flower --conf=flowerconfig.py --persistent",
         ["without-effect celery flower --conf @run.sh:1",
          "without-effect celery flower --persistent @run.sh:1"]),
        ("celery -A proj amqp queue.declare x", ["unsupported celery amqp @run.sh:1"]),
        ("celery -A proj multi start 3 -c 3 --logfile=%n.log", []),
        ("celery -b sqs://x -A proj worker", ["unsupported broker_url sqs:// @run.sh:1"]),
        ("celery -A proj worker $OPTIONS", ["unverified celery worker @run.sh:1"]),
        ("celery -A proj worker -Ofair && echo 'celery is up'", [("without-effect celery worker -O "
                                                                 "@run.sh:1")]),
        ("celery -A proj \\\n  worker \\\n  --statedb=x", [("without-effect celery worker "
                                                           "--statedb @run.sh:1")]),
        ("celery -A proj worker -n 'w", ["unverified a command line @run.sh:1"]),
        ("# celery -A proj worker -B", []),
        ("echo celery is a fine thing", []),
        ("supervisorctl restart celery", []),
        ("pip install 'celery[sqs]>=5'",
         ["unsupported requirement: celery @run.sh:1", ("unsupported requirement: celery[sqs] "
                                                       "@run.sh:1")]),
        ("export CELERY_BROKER_URL=amqp://u:secret@rabbit:5672//", [("unsupported broker_url "
                                                                    "amqp:// @run.sh:1")]),
        ("export CELERY_BROKER_URL=redis://x", []),
    ],
)  # fmt: skip
def test_scripts(check: Check, line: str, found: list[str]) -> None:
    assert check({"run.sh": line}) == found


def test_a_compose_file(check: Check) -> None:
    assert check(
        {
            "docker-compose.yml": """
        services:
          worker:
            command: celery -A proj worker --pool=gevent --without-gossip
          other:
            command: ["celery", "-A", "proj", "worker", "--statedb", "x"]
          third:
            command: sh -c "celery -A proj worker -B; sleep 1"
          flower:
            command:
              - celery
              - -A
              - proj
              - flower
          rabbit:
            environment:
              CELERY_RESULT_BACKEND: db+postgresql://u:p@db/r
        """
        }
    ) == [
        "without-effect celery worker --without-gossip @docker-compose.yml:4",
        "without-effect celery worker --statedb @docker-compose.yml:6",
        "differs celery worker -B @docker-compose.yml:8",
        "differs results in a database @docker-compose.yml:17",
    ]


def test_a_dockerfile_a_unit_and_a_procfile(check: Check) -> None:
    assert check(
        {
            "Dockerfile": 'FROM python\nCMD ["celery", "-A", "proj", "worker", "--purge"]\n',
            "c.service": "[Service]\nExecStart=/venv/bin/celery -A proj beat -s /var/x\n",
            "Procfile": "web: gunicorn x\nworker: celery -A proj worker -S y\n",
            "default/celeryd": 'CELERYD_OPTS="--time-limit=300 --without-heartbeat"\n',
        }
    ) == [
        "without-effect celery worker -S @Procfile:2",
        "without-effect celery beat -s @c.service:2",
        "without-effect celery worker --without-heartbeat @default/celeryd:1",
    ]


def test_commands_in_python(check: Check) -> None:
    assert check("""
        import subprocess
        from celery import Celery
        app = Celery()
        subprocess.run(["celery", "-A", "proj", "worker", "-B"])
        app.worker_main(["worker", "--without-gossip"])
        app.worker_main(argv=["worker", "--loglevel=info"])
    """) == [
        "differs celery worker -B @m.py:5",
        "without-effect celery worker --without-gossip @m.py:6",
    ]


def test_requirements(check: Check) -> None:
    assert check(
        {
            "requirements.txt": "redis\n# celery\nCelery[redis,msgpack]==5.3.1  # "
            "pinned\ncelery-redbeat==2\nFlower\n",
            "pyproject.toml": "[project]\ndependencies = [\n  "
            '"celery>=5",\n]\n[tool.poetry.dependencies]\n'
            'celery = "^5.3"\n',
            "setup.py": "from setuptools import setup\nsetup(install_requires=['celery<6'])\n",
        }
    ) == [
        "unsupported requirement: celery @pyproject.toml:3",
        "unsupported requirement: celery @pyproject.toml:6",
        "unsupported requirement: celery @requirements.txt:3",
        "without-effect requirement: celery[msgpack] @requirements.txt:3",
        "unsupported requirement: flower @requirements.txt:5",
        "unsupported requirement: celery @setup.py:2",
    ]
