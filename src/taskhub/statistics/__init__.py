"""What is counted of the endings of tasks, as values: how an ending is counted, and what counts add up to.

The engine counts by minute, task and queue (`tally`), in the commit of each ending; readers add minutes up (`summary`).
Durations are counted in buckets (`buckets`), so that a median or a percentile of any stretch of time can be told. What
tasks failed with is kept beside the counts (`failures`).
"""

from taskhub.statistics.failures import Failure, failures
from taskhub.statistics.summary import Durations, Summary, summarize, total

__all__ = ["Durations", "Failure", "Summary", "failures", "summarize", "total"]
