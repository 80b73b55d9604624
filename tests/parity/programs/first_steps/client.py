from celery.result import AsyncResult
from tasks import add, app, divide, mul

print(app.conf.timezone, app.conf.task_serializer, app.main)
print(sorted(name for name in app.tasks if not name.startswith("celery.")))

result = add.delay(4, 4)
print(result.get(timeout=30), result.ready(), result.successful(), result.state)
print(add(4, 4), mul.delay(6, 7).get(timeout=30))

failed = divide.delay(1, 0)
try:
    failed.get(timeout=30)
except ZeroDivisionError as error:
    print("raised", type(error).__name__, error)
print(repr(failed.get(propagate=False)), failed.state, failed.failed())
print(failed.traceback.strip().splitlines()[-1])

again = AsyncResult(result.id, app=app)
print(again.result, again.id == result.id, again == result)
again.forget()
print(AsyncResult(result.id, app=app).state)

try:
    add.delay(1)
except TypeError:
    print("TypeError")
