"""What `celery --app=worker_app:app` finds."""

from celery.signals import task_postrun, worker_process_init
from extensions import celery_app
from factory import create_app

web = create_app()

# The app has its settings only now.
import queries  # noqa: E402, F401

app = celery_app


@worker_process_init.connect
def dispose(**kwargs):
    print("pool disposed", flush=True)


@task_postrun.connect
def teardown(retval, *args, **kwargs):
    print("teardown of", type(retval).__name__, flush=True)
