"""README.md as package indexes show it: addresses in the place of paths of the repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from hatchling.metadata.plugin.interface import MetadataHookInterface

#: Targets of links and pictures: neither addresses nor anchors.
_TARGET: Final = re.compile(
    r"(?P<picture>!?)(?P<text>\[[^\]]*\])\((?![a-z]+:|#)(?P<path>[^)\s]+)\)"
)


class ReadmeHook(MetadataHookInterface):
    """Gives the distribution its long description; hatchling calls it for each build."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Set `readme`, which pyproject.toml leaves open."""
        text = Path(self.root, "README.md").read_text("utf-8")
        repository = metadata["urls"]["Repository"]
        metadata["readme"] = {
            "content-type": "text/markdown",
            "text": with_addresses(text, repository),
        }


def with_addresses(text: str, repository: str) -> str:
    """Return Markdown whose links and pictures lead to the repository, wherever it is shown.

    Args:
        text: The Markdown, with paths from the repository's root.
        repository: The repository's address.
    """

    def address(found: re.Match[str]) -> str:
        kind = "raw" if found["picture"] else "blob"
        return f"{found['picture']}{found['text']}({repository}/{kind}/main/{found['path']})"

    return _TARGET.sub(address, text)
