"""The tasks and native actors that the tests of this folder have real worker processes run."""

from tests.integration.worker.program import disturbances, forks, native, outcomes, tasks
from tests.integration.worker.program.application import app, note

__all__ = ["app", "disturbances", "forks", "native", "note", "outcomes", "tasks"]
