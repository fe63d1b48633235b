"""Removing what no version of a table needs any more."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from image_assets.contracts import TABLES
from image_assets.warehouse.location import Location
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse


@dataclass(frozen=True)
class Freed:
    """What a table was, or would be, freed of.

    Attributes:
        table: its name.
        files: number of files.
        bytes: of them together.
    """

    table: str
    files: int
    bytes: int


def vacuum_tables(
    warehouse: Warehouse, retention_hours: int, names: Iterable[str] | None = None, *, dry_run: bool = False
) -> Iterator[Freed]:
    """Remove the files that no version of the last hours names, table by table.

    Args:
        warehouse: that holds the tables.
        retention_hours: how long what was replaced stays readable; must be longer than a run takes, since the files of
            a run under way are named by no version yet.
        names: tables; by default all that exist.
        dry_run: only count.
    """
    for name in sorted(TABLES) if names is None else names:
        table = warehouse.table(name)
        if table.exists():
            yield _vacuum(table, retention_hours, dry_run)


def _vacuum(table: Table, retention_hours: int, dry_run: bool) -> Freed:
    # The log goes on naming files that an earlier vacuum has removed.
    sizes = [size for path in table.vacuum(retention_hours, dry_run=True) if (size := _size(table.root, path)) >= 0]
    if sizes and not dry_run:
        table.vacuum(retention_hours)
    return Freed(table.name, len(sizes), sum(sizes))


def _size(root: Location, path: str) -> int:
    """Return the size of a file that the log names by URL and that a listing names as it is; -1 if it is gone."""
    for name in (path, unquote(path)):
        location = root.join(name)
        size = location.filesystem.get_file_info(location.path).size
        if size is not None:
            return int(size)
    return -1
