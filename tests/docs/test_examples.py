"""Every example of the documents does what it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.markdown import DOCUMENTS, TRANSLATIONS, blocks
from tests.docs.stage import Stage

#: What a reader of a document has done before its first block: a worker, and names that its Python
#: blocks use.
SETUPS = {
    "docs/tasks.md": (
        ("taskhub worker -c 1 -t 2", "is ready"),
        """
from Modules.admin.queues.email_queues import send_notification_email, send_welcome_email
from Modules.admin.tasks.default_tasks import (
    check_system_status,
    clean_temp_files,
    clear_cache,
    send_daily_report,
    send_email,
)
from taskhub.actors import app
""",
    ),
}

#: Translations have the same blocks (see test_blocks).
TO_RUN = [
    document
    for document in DOCUMENTS
    if document not in TRANSLATIONS
    if any(block.language in ("python", "console") for block in blocks(document))
]


# A document may have many commands, and each of them starts Python.
@pytest.mark.timeout(400)
@pytest.mark.parametrize("document", TO_RUN)
def test_examples_run(document: str, tmp_path: Path) -> None:
    found = blocks(document)
    with Stage(tmp_path) as stage:
        stage.write_files(found)
        if document in SETUPS:
            command, names = SETUPS[document]
            stage.start(*command, document)
            stage.run_python(names, f"set-up of {document}")
        for block in found:
            stage.run(block)
