"""What is counted of the endings of tasks, as values: how an ending is counted, and what counts add up to.

The engine counts by minute, task and queue (`tally`), in the commit of each ending; readers add minutes up (`summary`).
Durations are counted in buckets (`buckets`), so that a median or a percentile of any stretch of time can be told.
"""

from taskhub.statistics.summary import Durations, Summary, summarize, total

__all__ = ["Durations", "Summary", "summarize", "total"]
