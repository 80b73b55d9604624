"""An app with OpenTelemetry's instrumentation for Celery, as its documentation says; spans go to a list in the store."""

import os

import redis
from opentelemetry import trace
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult

from celery import Celery
from celery.signals import worker_process_init

store = redis.Redis.from_url(os.environ["REDIS_URL"])


class ToStore(SpanExporter):
    def export(self, spans):
        for span in spans:
            store.rpush("spans", span.to_json(indent=None))
        return SpanExportResult.SUCCESS


trace.set_tracer_provider(TracerProvider())
trace.get_tracer_provider().add_span_processor(SimpleSpanProcessor(ToStore()))


@worker_process_init.connect(weak=False)
def init_celery_tracing(*args, **kwargs):
    # It would look for a distribution named celery.
    CeleryInstrumentor().instrument(skip_dep_check=True)


app = Celery("shop", broker=os.environ["REDIS_URL"], backend=os.environ["REDIS_URL"])


@app.task
def works(number):
    return number


@app.task
def fails():
    raise LookupError("no luck")


@app.task(throws=KeyError)
def expects():
    raise KeyError("foreseen")


@app.task(bind=True, max_retries=1)
def tries_again(self):
    if not self.request.retries:
        raise self.retry(exc=OSError("later"), countdown=0)
    return 1


@app.task
def calls():
    works.delay(2)


@app.task
async def coroutine():
    raise ValueError("in a coroutine")
