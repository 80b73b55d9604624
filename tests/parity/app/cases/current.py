"""Which app and which task are the current ones."""

import threading

from harness import Celery, celery, module, new_app, outcome

current_app = celery.current_app
current_task = celery.current_task


def the_last_one_made():
    first = Celery("first", broker="memory://")
    second = Celery("second", broker="memory://")
    third = Celery("third", broker="memory://", set_as_current=False)
    found = [current_app.main]
    first.set_current()
    found.append(current_app.main)
    return [*found, current_app == first, current_app.conf is first.conf, second.main, third.main]


def in_threads():
    app = Celery("threaded", broker="memory://")
    app.set_default()
    found = []

    def look():
        found.append(current_app.main)

    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found


def app_or_default():
    app = new_app("given")
    app.set_current()
    choose = module("celery.app").app_or_default
    return [choose(app) is app, choose().main, choose(None).main]


def proxies():
    app = new_app("proxied")
    app.set_current()
    return [
        isinstance(current_app, Celery), current_app.main, outcome(lambda: current_app.nothing)["raises"],
        bool(current_task), outcome(lambda: current_task.request)["raises"],
    ]  # fmt: skip


def running_tasks():
    app = new_app("running")

    @app.task(name="inner")
    def inner():
        return [current_task.name, app.current_task.name, app.current_worker_task.name]

    @app.task(name="outer")
    def outer():
        return [current_task.name, inner(), current_task.request.id, current_task.name]

    return [outer.apply(task_id="o").get(), outcome(outer)["raises"], app.current_worker_task]


def ids():
    uuid = celery.uuid
    return [
        len(uuid()),
        uuid() != uuid(),
        type(uuid()).__name__,
        len(module("celery.utils").uuid()),
    ]


def task_loggers():
    log = module("celery.utils.log")
    logger = log.get_task_logger("proj.tasks")
    return [
        logger.name, logger.parent.name, log.get_task_logger("proj.tasks") is logger,
        log.get_logger("proj.other").name,
    ]  # fmt: skip
