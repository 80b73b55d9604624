import os
import re

from celery import Celery

app = Celery("proj", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"], include=["proj.tasks"])


class NewsRouter:
    def route_for_task(self, task, args=None, kwargs=None):
        if task == "proj.tasks.news":
            return {"queue": f"topic.{args[0]}" if args[0] == "news" else "default"}
        return None


def route_by_name(name, args, kwargs, options, task=None, **kw):
    if re.match(r"video\.", name):
        return "feeds"
    return None


app.conf.task_default_queue = "default"
app.conf.task_routes = (
    [
        ("proj.tasks.import_feed", {"queue": "feeds"}),
        ("images.*", {"queue": "images"}),
        (re.compile(r"(image|thumb)\.\w+"), {"queue": "images"}),
    ],
    NewsRouter(),
    route_by_name,
)
