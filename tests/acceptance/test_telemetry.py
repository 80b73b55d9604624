"""OpenTelemetry in real worker processes: each of them exports, under both command lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance.command import Commands, until
from tests.support.otlp import Receiver, receiving
from tests.support.servers import Server

#: An app that sets OpenTelemetry up where it is imported; exporters send when their process ends.
TRACED = """
import logging, os, time
from opentelemetry import _logs, metrics, trace
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from taskhub import Celery
from taskhub.contrib.opentelemetry import TaskhubInstrumentor
from taskhub.signals import after_setup_task_logger

resource = Resource.create({"service.name": "shop", "process.pid": os.getpid()})
provider = TracerProvider(resource=resource)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(), schedule_delay_millis=60_000))
trace.set_tracer_provider(provider)
reader = PeriodicExportingMetricReader(OTLPMetricExporter(), export_interval_millis=60_000)
metrics.set_meter_provider(MeterProvider([reader], resource=resource))
logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(), schedule_delay_millis=60_000))
_logs.set_logger_provider(logs)
TaskhubInstrumentor().instrument()

app = Celery("project")
logger = logging.getLogger("taskhub.task.project")

@after_setup_task_logger.connect
def export_logs(logger, **_):
    logger.addHandler(LoggingHandler())

@app.task
def work(seconds):
    logger.info("working")
    time.sleep(seconds)
    return os.getpid()

@app.task(bind=True)
def dies(self):
    if not os.path.exists("died"):
        open("died", "w").close()
        os.kill(os.getpid(), 9)
    return os.getpid()
"""
CALLS = """
from project import dies, work
from taskhub import group
processes = set(group(work.s(0.3) for _ in range(4))().get(timeout=30))
processes.add(dies.delay().get(timeout=30))
print(*processes)
"""
#: One without a line about tracing.
PLAIN = """
from taskhub import Celery
app = Celery("project")

@app.task
def add(x, y):
    return x + y

if __name__ == "__main__":
    print(add.delay(1, 2).get(timeout=30))
"""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def commands_of(directory: Path, store: Server, receiver: Receiver, program: str) -> Commands:
    (directory / "project.py").write_text(program)
    environment = {
        "TASKHUB_BROKER_URL": store.url,
        "TASKHUB_APP": "project",
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
    }
    return Commands(directory, environment)


def output_of(commands: Commands, *command: str) -> str:
    done = subprocess.run(
        command,
        cwd=commands.directory,
        env=commands.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_worker_process_exports_what_it_has_run(
    store: Server, tmp_path: Path, receiver: Receiver
) -> None:
    commands = commands_of(tmp_path, store, receiver, TRACED)
    try:
        worker = commands.start("worker", "-p", "2", "-t", "1")
        worker.wait_for("is ready")
        processes = {int(each) for each in output_of(commands, sys.executable, "-c", CALLS).split()}
        worker.send(signal.SIGTERM)
        assert worker.wait() == 0
    finally:
        commands.stop_all()
    spans = receiver.spans
    runs = [span for span in spans if span.name == "process celery"]
    by_id = {span.id: span for span in spans}
    # The process that was killed has sent nothing; the one in its place has.
    assert {span.resource["process.pid"] for span in runs} <= processes
    (again,) = (span for span in runs if span.attributes["taskhub.task.name"] == "project.dies")
    assert again.attributes["taskhub.message.deliveries"] == 2
    for run in runs:
        sender = by_id[run.parent]
        assert sender.name in ("create celery", "send celery")
        assert sender.trace == run.trace
        assert sender.resource["process.pid"] not in processes
    assert {"messaging.process.duration", "messaging.client.sent.messages"} <= receiver.metrics
    told = {(trace, span) for text, trace, span in receiver.logs if text == "working"}
    worked = {(run.trace, run.id) for run in runs if run is not again}
    assert told == worked
    assert told


def test_processes_of_dramatiqs_command_line_export_at_their_end(
    store: Server, tmp_path: Path, receiver: Receiver
) -> None:
    commands = commands_of(tmp_path, store, receiver, TRACED)
    call = "from project import work; print(work.delay(0).get(timeout=30))"
    try:
        worker = commands.start("project", "--processes", "1", "--threads", "1", module="dramatiq")
        process = int(output_of(commands, sys.executable, "-c", call))
        worker.send(signal.SIGTERM)
        assert worker.wait() == 0
    finally:
        commands.stop_all()
    send, run = receiver.spans
    assert (send.name, run.name) == ("send celery", "process celery")
    assert run.resource["process.pid"] == process
    assert "messaging.process.duration" in receiver.metrics


def test_opentelemetry_instrument_traces_the_processes_of_a_worker(
    store: Server, tmp_path: Path, receiver: Receiver
) -> None:
    commands = commands_of(tmp_path, store, receiver, PLAIN)
    commands.environment |= {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    programs = Path(sys.executable).parent
    instrumented = str(programs / "opentelemetry-instrument")
    commands.environment["PATH"] = f"{programs}{os.pathsep}{os.environ['PATH']}"
    log = tmp_path / "worker.log"
    with log.open("wb") as output:
        worker = subprocess.Popen(
            [instrumented, "taskhub", "worker", "-c", "1"],
            cwd=tmp_path,
            env=commands.environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: b"is ready" in log.read_bytes(), f"the worker: {log.read_text()}")
        client = output_of(commands, instrumented, "python", "project.py")
        assert client == "3\n"
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(30)
    send, process = until(
        lambda: found if len(found := receiver.spans) == 2 else None, "both spans"
    )
    assert (send.name, process.name) == ("send celery", "process celery")
    assert process.parent == send.id
    assert process.resource["telemetry.auto.version"]
