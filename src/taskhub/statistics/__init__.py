"""Statistics of outcomes: how one is counted, and how counts are summed up.

The engine counts by minute, task and queue (`tally`), in the commit of each outcome; readers add
minutes up (`summary`). Durations are counted in buckets (`buckets`), from which the median and
percentiles of any period follow. Errors of failed tasks are kept beside the counts (`failures`).
"""

from taskhub.statistics.failures import Failure, failures
from taskhub.statistics.summary import Durations, Summary, summarize, total
from taskhub.statistics.tally import Subject

__all__ = ["Durations", "Failure", "Subject", "Summary", "failures", "summarize", "total"]
