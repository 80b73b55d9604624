"""An app that uses what is built on Celery."""

import os

import redis
import sentry_sdk
from celery_once import QueueOnce
from celery_progress.backend import ProgressRecorder
from celery_singleton import Singleton
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
from sentry_sdk.integrations.dramatiq import DramatiqIntegration

from celery import Celery

URL = os.environ["REDIS_URL"]
store = redis.Redis.from_url(URL)


def to_store(event, hint):
    store.rpush("sentry", f"{event['exception']['values'][0]['type']} {event['transaction']}")


# Sentry looks at brokers when they are made, so it comes first.
sentry_sdk.init(
    dsn="http://key@127.0.0.1:9/1",
    before_send=to_store,
    integrations=[DramatiqIntegration()],
    default_integrations=False,
)
spans = open(os.environ["SPANS"], "a")
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(out=spans)))
# It would look for a distribution named celery.
CeleryInstrumentor().instrument(tracer_provider=provider, skip_dep_check=True)

app = Celery("shop", broker=URL, backend=URL)
app.conf.update(
    singleton_backend_url=URL,
    redbeat_redis_url=URL,
    ONCE={"backend": "celery_once.backends.Redis", "settings": {"url": URL, "default_timeout": 60}},
)


@app.task(base=Singleton)
def single(seconds):
    import time

    time.sleep(seconds)
    return store.incr("single")


@app.task(base=QueueOnce, once={"graceful": True})
def once(seconds):
    import time

    time.sleep(seconds)
    return "once"


@app.task(bind=True)
def steps(self, count):
    recorder = ProgressRecorder(self)
    for number in range(count):
        recorder.set_progress(number + 1, count, description="at work")
    store.blpop("go", timeout=60)
    return "done"


@app.task
def fails():
    raise LookupError("no luck")


@app.task
def tick(source):
    store.rpush("ticks", source)
