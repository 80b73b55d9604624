"""Makes calls within a span."""

import shop
from opentelemetry import trace

shop.init_celery_tracing()
with trace.get_tracer("client").start_as_current_span("client"):
    results = [
        task.delay(*args)
        for task, args in (
            (shop.works, (1,)),
            (shop.fails, ()),
            (shop.expects, ()),
            (shop.tries_again, ()),
            (shop.calls, ()),
            (shop.coroutine, ()),
        )
    ]
    for result in results:
        result.get(timeout=30, propagate=False)
