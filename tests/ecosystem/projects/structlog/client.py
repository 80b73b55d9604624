"""Makes calls as a request would, whose id is bound."""

import structlog
from shop import fails, works

import django

django.setup()
structlog.contextvars.bind_contextvars(request_id="the request")
for task, args in ((works, (1,)), (fails, ())):
    task.delay(*args).get(timeout=30, propagate=False)
