"""The plan of a change to a partition: what is computed, what is copied, what stays where it is.

Files all of whose rows are still wanted stay in the table untouched. A file that holds rows which are not wanted any
more is replaced by a copy of the others, and new rows come in files of their own: compaction gathers them later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from image_assets.warehouse.copying import Copies
from image_assets.warehouse.parquet import DataFile


class PlannedTask(Protocol):
    """A share of a partition."""

    @property
    def rows(self) -> int:
        """About how many rows it stands for."""


Task = TypeVar("Task", bound=PlannedTask)


@dataclass(frozen=True)
class Changed:
    """How the pictures of a partition came to their rows.

    Attributes:
        computed: pictures whose rows were computed.
        reused: pictures whose rows were there already, under whatever path.
        removed: pictures that were there and are gone.
    """

    computed: int = 0
    reused: int = 0
    removed: int = 0


@dataclass(frozen=True)
class Update(Generic[Task]):
    """How a partition becomes what its source says.

    Attributes:
        tasks: what is computed.
        base: the files of the partition that the plan looked at.
        kept: those of them that stay.
        copies: rows of others that are carried over.
        reused: pictures whose rows are in `kept` and `copies`.
        removed: pictures that are gone.
        recipe: of the rows, kept in the files.
        same_rows: only the files change, not what they hold.
    """

    tasks: Sequence[Task]
    base: tuple[DataFile, ...] = ()
    kept: tuple[DataFile, ...] = ()
    copies: Sequence[Copies] = ()
    reused: int = 0
    removed: int = 0
    recipe: str | None = None
    same_rows: bool = False

    @property
    def replaced(self) -> list[DataFile]:
        """Files that leave the table."""
        kept = {file.path for file in self.kept}
        return [file for file in self.base if file.path not in kept]

    @property
    def is_empty(self) -> bool:
        """Whether the partition is what it should be already."""
        return not (self.tasks or self.copies or self.replaced)

    @property
    def rows(self) -> int:
        """About how many rows the partition has afterwards."""
        return self.reused + sum(task.rows for task in self.tasks)

    @property
    def copied_rows(self) -> int:
        """Rows that are carried over to other files."""
        return sum(task.rows for task in self.copies)
