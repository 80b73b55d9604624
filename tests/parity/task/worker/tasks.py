"""The tasks that a worker of either library runs."""

import importlib
import os
import time

celery = importlib.import_module(os.environ["PARITY_LIBRARY"])
exceptions = importlib.import_module(f"{celery.__name__}.exceptions")

app = celery.Celery(
    "tasks",
    broker=os.environ["STORE"],
    backend=os.environ["STORE"],
    accept_content=["json", "pickle"],
    result_extended=True,
    task_default_queue="parity",
    worker_prefetch_multiplier=1,
)

FIELDS = [
    "id",
    "args",
    "kwargs",
    "retries",
    "root_id",
    "parent_id",
    "group",
    "group_index",
    "chord",
    "chain",
    "callbacks",
    "errbacks",
    "eta",
    "expires",
    "timelimit",
    "called_directly",
    "is_eager",
    "headers",
    "stamps",
    "stamped_headers",
    "replaced_task_nesting",
    "ignore_result",
    "shadow",
    "utc",
    "task",
    "argsrepr",
    "kwargsrepr",
    "time_limit",
    "soft_time_limit",
    "logfile",
    "loglevel",
    "taskset",
    "lang",
    "correlation_id",
]


def seen(request, *names):
    found = {name: request.get(name, "<none>") for name in (*FIELDS, *names)}
    found["stamps"] = dict(found["stamps"])
    for name in ("callbacks", "errbacks"):
        found[name] = [dict(one) for one in found[name] or ()]
    info = request.delivery_info or {}
    found["delivery"] = [info.get("exchange"), info.get("routing_key"), info.get("redelivered")]
    found["hostname"] = str(request.hostname).split("@")[0]
    found["origin"] = str(request.origin)[:3]
    found["children"] = [child.id for child in request.children]
    return found


@app.task(bind=True, name="look")
def look(self, *args, **kwargs):
    return seen(self.request, "x-custom", "my_header")


@app.task(bind=True, name="parts")
def parts(self):
    names = ("x-custom", "chord", "chain", "callbacks", "errbacks")
    return {name: self.request.get(name) for name in names} | {
        "x": self.request.headers["x-custom"]
    }


@app.task(bind=True, name="properties")
def properties(self):
    return [self.request.properties.get(name) for name in ("app_id", "once")]


@app.task(bind=True, name="limited", time_limit=100, soft_time_limit=50, priority=3)
def limited(self):
    return seen(self.request)


@app.task(bind=True, name="retried", max_retries=2, default_retry_delay=0)
def retried(self, x, y=0):
    if self.request.retries < 2:
        raise self.retry(
            args=(x + 1,), kwargs={"y": y + 1}, countdown=0.01, exc=ValueError("again")
        )
    found = seen(self.request, "x-custom")
    # When it was due; and Celery makes a retry the child of the try before it, which has the same
    # id.
    del found["eta"], found["parent_id"]
    return [x, y, found]


@app.task(bind=True, name="exceeded", max_retries=1, default_retry_delay=0)
def exceeded(self):
    raise self.retry(exc=KeyError("enough") if self.request.kwargs.get("x") else None)


@app.task(bind=True, name="exceeded_with", max_retries=1)
def exceeded_with(self):
    raise self.retry(exc=KeyError("enough"), countdown=0)


@app.task(
    bind=True, name="automatic", autoretry_for=(ValueError,), retry_backoff=True, max_retries=2
)
def automatic(self):
    if self.request.retries == 0:
        raise ValueError("first")
    return [self.request.retries, self.request.id]


@app.task(bind=True, name="parent")
def parent(self):
    child = look.apply_async((1,), task_id=f"{self.request.id}-child")
    look.apply_async((2,), task_id=f"{self.request.id}-other", add_to_parent=False)
    return [child.id, [one.id for one in self.request.children], celery.current_task.name]


@app.task(bind=True, name="calls_itself")
def calls_itself(self, again=True):
    inner = look()
    eager = look.apply(task_id="eager").get(disable_sync_subtasks=False)
    return [
        inner["called_directly"],
        eager["parent_id"] == self.request.id,
        self.request.called_directly,
    ]


@app.task(bind=True, name="progress")
def progress(self):
    self.update_state(state="PROGRESS", meta={"done": 1})
    return app.AsyncResult(self.request.id).info


@app.task(bind=True, name="own_state")
def own_state(self):
    self.update_state(state="MINE", meta={"kept": True})
    raise exceptions.Ignore()


@app.task(name="rejected")
def rejected():
    raise exceptions.Reject("bad", requeue=False)


@app.task(name="failing", throws=(KeyError,))
def failing(kind="ValueError"):
    raise {"ValueError": ValueError, "KeyError": KeyError}[kind]("no", 1)


@app.task(name="ignored", ignore_result=True)
def ignored():
    return 1


@app.task(name="ignored_failure", ignore_result=True, store_errors_even_if_ignored=True)
def ignored_failure():
    raise ValueError("kept")


@app.task(bind=True, name="with_links")
def with_links(self, *args):
    return [list(args), len(self.request.callbacks or ()), len(self.request.errbacks or ())]


@app.task(bind=True, name="note")
def note(self, failed, mine):
    return [failed, mine]


@app.task(name="errback")
def errback(request, exc, traceback):
    raise RuntimeError("errors of errbacks change nothing")


@app.task(name="slow")
def slow(seconds):
    time.sleep(seconds)
    return seconds


SEEN = []


class Handlers(celery.Task):
    def before_start(self, task_id, args, kwargs):
        SEEN.append(["before_start", task_id, args, kwargs, self.request.id == task_id])

    def on_success(self, retval, task_id, args, kwargs):
        SEEN.append(["on_success", retval, task_id, args, kwargs])

    def on_failure(self, exc, task_id, args, kwargs, einfo):
        SEEN.append(["on_failure", repr(exc), task_id, args, kwargs, einfo.type.__name__])

    def on_retry(self, exc, task_id, args, kwargs, einfo):
        SEEN.append(["on_retry", repr(exc), task_id, args, kwargs, "Retry" in str(einfo.type)])

    def after_return(self, status, retval, task_id, args, kwargs, einfo):
        SEEN.append(["after_return", status, repr(retval), task_id, args, kwargs])


@app.task(bind=True, base=Handlers, name="handled", default_retry_delay=0)
def handled(self, what):
    if what == "fail":
        raise ValueError("failed")
    if what == "retry" and self.request.retries == 0:
        raise self.retry(exc=KeyError("why"), countdown=0)
    return what


@app.task(name="recorded")
def recorded():
    return SEEN
