"""Tasks for a worker of either library, and receivers that note every signal in a file."""

import importlib
import json
import os

celery = importlib.import_module(os.environ["PARITY_LIBRARY"])
exceptions = importlib.import_module(f"{celery.__name__}.exceptions")
signals = importlib.import_module(f"{celery.__name__}.signals")

app = celery.Celery(
    "signals",
    broker=os.environ["STORE"],
    backend=os.environ["STORE"],
    task_default_queue="parity",
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_send_task_events=bool(os.environ.get("EVENTS")),
    task_send_sent_event=bool(os.environ.get("EVENTS")),
)
# Ours: no worker that knows more is to come, so nobody waits for it.
app.conf.update(task_unknown_grace=0)

ROLE = os.environ.get("ROLE", "worker")
#: Asked of the arguments that receivers get: what of them is the same wherever a call runs.
LOOKS = {
    "body": lambda body: [list(body[0]), dict(body[1]), sorted(body[2])],
    "headers": lambda headers: sorted(headers),
    # The others are AMQP's; Celery names a queue of its own in reply_to.
    "properties": lambda found: [found["correlation_id"], "reply_to" in found],
    "declare": lambda queues: [queue.name for queue in queues],
    "exception": lambda error: _error(error),
    "exc": lambda error: isinstance(error, KeyError),
    "reason": lambda error: [type(error).__name__, repr(error.exc)],
    "retval": lambda value: _error(value) if isinstance(value, Exception) else repr(value),
    "request": lambda request: [
        request.id,
        request.retries if hasattr(request, "retries") else None,
    ],
    # Celery wraps the exception for the way between processes.
    "einfo": lambda info: None if info is None else info.type.__name__,
    "traceback": lambda traceback: traceback is not None,
    "runtime": lambda runtime: 0 <= runtime < 60,
    "task": lambda task: task if isinstance(task, str) else task.name,
    "instance": lambda instance: type(instance.hostname).__name__,
    "conf": lambda conf: conf.task_default_queue,
    "options": lambda options: type(options).__name__,
    "logger": lambda logger: logger.name.replace("taskhub", "celery"),
    "pid": lambda pid: pid == os.getpid(),
    "message": lambda message: "message",
}
PLAIN = (
    "args", "kwargs", "task_id", "exchange", "routing_key", "retry_policy", "terminated", "signum", "expired",
    "state", "name", "id", "sig", "how", "exitcode", "result", "taskset",
)  # fmt: skip


def _error(error):
    name = type(error).__name__
    # Each library says in its own words why a value can't be encoded.
    return [name, None if name == "EncodeError" else str(error)]


def shown_sender(sender):
    if sender is app:
        return "app"
    if isinstance(sender, str):
        return "node" if sender.startswith("celery@") else sender
    if sender is None:
        return None
    return (
        sender.name
        if hasattr(sender, "run")
        else ["worker", sender.hostname[:7], sender.app is app]
    )


def note(name):
    def receiver(sender=None, signal=None, **named):
        fields = {key: LOOKS[key](value) for key, value in named.items() if key in LOOKS}
        fields.update({key: named[key] for key in PLAIN if key in named})
        if name == "task_received":
            fields["request"] = [
                named["request"].id,
                named["request"].name,
                named["request"].task.name,
            ]
        task_id = fields.get("task_id") or fields.get("id")
        if "headers" in named:
            task_id = named["headers"]["id"]
        elif "request" in named:
            task_id = named["request"].id
        elif task_id is None and hasattr(sender, "run"):
            task_id = sender.request.id
        line = [ROLE, name, task_id, sorted(named), shown_sender(sender), fields]
        with open(os.environ["JOURNAL"], "a") as journal:
            journal.write(json.dumps(line, default=repr) + "\n")

    return receiver


#: These come from Celery's main process or its pool, and depend on what pool that is.
UNLIKE = {
    "heartbeat_sent",
    "worker_before_create_process",
    "worker_process_init",
    "worker_process_shutdown",
}
for signal in vars(signals).values():
    if hasattr(signal, "providing_args") and signal.name not in UNLIKE | {"setup_logging"}:
        signal.connect(note(signal.name), weak=False)


@signals.before_task_publish.connect
def add_header(headers=None, body=None, **kwargs):
    headers["x-added"] = "by a receiver"


class Handled(app.Task):
    def before_start(self, task_id, args, kwargs):
        note("before_start")(sender=self, task_id=task_id)

    def on_success(self, retval, task_id, args, kwargs):
        note("on_success")(sender=self, task_id=task_id)

    def on_failure(self, exc, task_id, args, kwargs, einfo):
        note("on_failure")(sender=self, task_id=task_id)

    def on_retry(self, exc, task_id, args, kwargs, einfo):
        note("on_retry")(sender=self, task_id=task_id)

    def after_return(self, status, retval, task_id, args, kwargs, einfo):
        note("after_return")(sender=self, task_id=task_id)


@app.task(name="add", base=Handled)
def add(x, y):
    return x + y


@app.task(name="header", bind=True)
def header(self):
    return self.request.get("x-added")


@app.task(name="fail", base=Handled)
def fail():
    raise KeyError("no")


@app.task(name="again", base=Handled, bind=True, max_retries=1)
def again(self):
    if self.request.retries == 0:
        raise self.retry(countdown=0, exc=ValueError("once more"))
    return "done"


@app.task(name="exceed", bind=True, max_retries=0)
def exceed(self):
    raise self.retry(countdown=0)


@app.task(name="ignore", base=Handled)
def ignore():
    raise exceptions.Ignore


@app.task(name="reject", base=Handled)
def reject():
    raise exceptions.Reject("no", requeue=False)


@app.task(name="unstorable", base=Handled)
def unstorable():
    return object()


@app.task(name="late")
def late():
    raise AssertionError("it has expired")


class Refusing(app.Task):
    def before_start(self, *args):
        raise RuntimeError("not today")


@app.task(name="broken_start", base=Refusing)
def broken_start():
    raise AssertionError("before_start raises")
