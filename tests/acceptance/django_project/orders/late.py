"""A module that no worker imports by itself."""

from task_library import task


@task()
def triple(x):
    return 3 * x
