import pytest

from celery import group, shared_task


@shared_task
def shared_mul(x, y):
    return x * y


def test_create_task(celery_app, celery_worker):
    @celery_app.task
    def mul(x, y):
        return x * y

    celery_worker.reload()
    assert mul.delay(4, 4).get(timeout=10) == 16


def test_app(celery_app):
    assert celery_app.main.endswith("tests")
    assert celery_app.conf.task_serializer == "json"

    @celery_app.task
    def add(x, y):
        return x + y

    assert add.apply((1, 2)).get() == 3


@pytest.mark.celery(task_default_queue="high-prio", result_extended=True)
def test_marked(celery_app):
    assert celery_app.conf.task_default_queue == "high-prio"
    assert celery_app.conf.result_extended


def test_session(celery_session_app, celery_session_worker):
    @celery_session_app.task
    def fail():
        raise KeyError("nothing")

    celery_session_worker.reload()
    with pytest.raises(KeyError):
        fail.delay().get(timeout=10)


def test_shared(celery_session_app, celery_session_worker):
    assert shared_mul.delay(3, 4).get(timeout=10) == 12


def test_group(celery_session_app, celery_session_worker):
    assert group(shared_mul.s(i, i) for i in range(3))().get(timeout=10) == [0, 1, 4]


@pytest.fixture
def depending(depends_on_current_app):
    pass


def test_current_app(celery_app, depending):
    from celery import current_app

    assert current_app.main.endswith("tests")
