import os

from celery import Celery

app = Celery("tasks", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])
app.conf.task_routes = {"tasks.routed": {"queue": "heavy"}}


def node(task):
    return task.request.hostname.partition("@")[0]


@app.task(bind=True)
def plain(self):
    return node(self)


@app.task(bind=True, queue="heavy")
def heavy(self):
    return node(self)


@app.task(bind=True)
def routed(self):
    return node(self)


@app.task(bind=True, queue="nobody")
def unserved(self):
    return node(self)
