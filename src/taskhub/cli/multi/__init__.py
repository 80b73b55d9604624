"""`celery multi`: workers in the background, several by one command.

`reading` makes of the command's arguments the nodes, as values; `cluster` starts and stops them.
"""

from __future__ import annotations

from taskhub.cli.multi.command import multi

__all__ = ("multi",)
