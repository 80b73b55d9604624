"""An app that is traced by ddtrace; spans go to a list in the store."""

import json
import os

from ddtrace import patch
from ddtrace.trace import TraceFilter, tracer

patch(celery=True)

import redis

from celery import Celery

store = redis.Redis.from_url(os.environ["REDIS_URL"])


class ToStore(TraceFilter):
    def process_trace(self, trace):
        for span in trace:
            found = {
                "name": f"{span.name} {span.resource}",
                "trace": span.trace_id,
                "id": span.span_id,
                "parent": span.parent_id,
                "error": span.get_tag("error.type"),
                "retry": span.get_tag("celery.retry.reason"),
            }
            store.rpush("spans", json.dumps(found))
        return None


tracer.configure(trace_processors=[ToStore()])
app = Celery("shop", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])


@app.task
def works(number):
    return number


@app.task
def fails():
    raise LookupError("no luck")


@app.task(bind=True, max_retries=1)
def tries_again(self):
    if not self.request.retries:
        raise self.retry(exc=OSError("later"), countdown=0)
    return 1
