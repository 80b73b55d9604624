import pytest


@pytest.fixture(scope="session")
def celery_config():
    return {"broker_url": "memory://", "result_backend": "cache+memory://", "task_serializer": "json"}


@pytest.fixture(scope="session")
def celery_enable_logging():
    return True


@pytest.fixture(scope="session")
def celery_worker_parameters():
    return {"queues": ("celery", "high-prio"), "perform_ping_check": False}


@pytest.fixture(scope="session")
def celery_parameters():
    return {"strict_typing": False}
