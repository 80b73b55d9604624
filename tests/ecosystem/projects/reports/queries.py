from celery import Task
from celery.exceptions import SoftTimeLimitExceeded
from extensions import celery_app
from factory import context


@celery_app.task(name="queries.run", bind=True, soft_time_limit=1)
def run(self: Task, rows: int, patience: float = 0) -> dict:
    import time

    try:
        end = time.monotonic() + patience
        while time.monotonic() < end:
            time.sleep(0.01)
    except SoftTimeLimitExceeded:
        return {"context": context.get(), "error": "took too long"}
    return {"context": context.get(), "rows": rows, "id": self.request.id}


@celery_app.task(name="reports.scheduler")
def scheduler():
    return context.get()
