"""What the task list's blocks take for granted: tasks by placeholder names. Workers and the client import it."""

from Modules.common.libs.celery.celery_service import celery_app

app = celery_app()


@app.task(name="task1")
def task1(first, second=0):
    return first + second


@app.task(name="task2")
def task2(value):
    return value * 2


@app.task(name="task3")
def task3(value):
    return value + 100


@app.task(name="high_priority_task", bind=True)
def high_priority_task(self):
    return self.request.delivery_info["priority"]


@app.task(name="low_priority_task", bind=True)
def low_priority_task(self):
    return self.request.delivery_info["priority"]


@app.task(name="failing")
def failing():
    raise ConnectionError("no luck")
