"""A transaction of a Delta table: made anew while other writers win, and recognized where its answer was lost.

S3 may carry out a commit and fail to say so. The client then asks again, and is told that the version is there already,
as if another writer had won. So each commit carries a name of its own, which is looked for before it is made anew.
"""

import random
import time
import uuid
from collections.abc import Callable, Mapping

from deltalake import CommitProperties, DeltaTable
from deltalake.exceptions import CommitFailedError

from image_assets.errors import CommitContentionError

COMMIT_ATTEMPTS = 30
COMMIT_ID = "commit_id"
"""Commit property: the name by which a writer knows its own commit."""


def transact(
    name: str,
    open_latest: Callable[[], DeltaTable],
    write: Callable[[DeltaTable, CommitProperties], None],
    properties: Mapping[str, str],
) -> int:
    """Commit to a table in one transaction.

    Args:
        name: of the table.
        open_latest: opens its latest version.
        write: makes the transaction on that version; called again, on a newer one, when another writer has won.
        properties: recorded in the Delta log with the commit.

    Returns:
        The version that was committed.

    Raises:
        CommitContentionError: if other writers win every time.
    """
    commit_id = uuid.uuid4().hex
    # No retry inside delta-rs: each attempt resolves what leaves the table against the newest version.
    settings = CommitProperties(custom_metadata={**properties, COMMIT_ID: commit_id}, max_commit_retries=0)
    delta = open_latest()
    for attempt in range(COMMIT_ATTEMPTS):
        version = int(delta.version()) + 1
        try:
            write(delta, settings)
        except CommitFailedError:
            time.sleep(random.uniform(0.01, 0.05) * (attempt + 1))  # noqa: S311 - spreads writers, no secret
            delta = open_latest()
            if _holds(delta, version, commit_id):
                return version
        else:
            return version
    raise CommitContentionError(
        f"table {name!r}: {COMMIT_ATTEMPTS} attempts to commit all lost against other writers; "
        "run fewer writers at once and materialize again (nothing was changed)"
    )


def _holds(delta: DeltaTable, version: int, commit_id: str) -> bool:
    """Whether a version is the commit of this name: the one that the writer had tried to make."""
    newer = int(delta.version()) - version
    if newer < 0:
        return False
    return any(entry["version"] == version and entry.get(COMMIT_ID) == commit_id for entry in delta.history(newer + 1))
