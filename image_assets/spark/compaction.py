"""Small files of a table gathered into larger ones: days of small changes leave many of them.

Rows are copied as they are, and a partition is changed in one commit that says that its rows are the same. Files of
different recipes are never mixed.
"""

from collections.abc import Iterator, Sequence

from pyspark.sql import SparkSession

from image_assets.spark.partitions import replace_partitions
from image_assets.spark.side_by_side import Outcome
from image_assets.spark.stages import Batches
from image_assets.spark.updates import Update
from image_assets.warehouse.copying import Copies, Copy
from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.reading import read_recipe
from image_assets.warehouse.table import Table

SMALL_SHARE = 4
"""A file is small if this many of its size make a file of the size that is aimed at."""
MIN_FILES = 4
"""Fewer small files of a partition than this are left alone: gathering them costs more than they do."""


def compact(spark: SparkSession, table: Table, min_files: int = MIN_FILES) -> Iterator[Outcome]:
    """Gather the small files of every partition that has so many of them, in one commit per partition.

    Yields:
        An outcome per partition that was gathered, or failed; none for one whose small files cannot be gathered.
    """
    listed: dict[str, list[DataFile]] = {}
    for file in table.files():
        listed.setdefault(file.partition, []).append(file)
    listed = {name: files for name, files in listed.items() if len(_small(table, files)) >= min_files}
    untouched: set[str] = set()

    def plan(partition: str) -> Update[Copies]:
        # Asked again, it looks at the table again: another run has changed the partition meanwhile.
        update = plan_compaction(table, listed.pop(partition, []) or table.files([partition]))
        if update.is_empty:
            untouched.add(partition)
        return update

    def nothing(_: Copies) -> Batches:
        return iter(())

    properties = {"maintenance": "compaction"}
    for outcome in replace_partitions(spark, table, list(listed), plan, nothing, commit_properties=properties):
        if outcome.error is not None or outcome.partition not in untouched:
            yield outcome


def plan_compaction(table: Table, files: Sequence[DataFile]) -> Update[Copies]:
    """Plan the gathering of the small files of a partition that have the recipe of most of them.

    Args:
        table: the table.
        files: all files of the partition.
    """
    base = tuple(files)
    by_recipe: dict[str | None, list[DataFile]] = {}
    for file in _small(table, base):
        by_recipe.setdefault(read_recipe(table.root, file.path), []).append(file)
    recipe, small = max(by_recipe.items(), key=lambda item: len(item[1]), default=(None, []))
    if len(small) < 2:
        return Update((), base, base)
    taken = {file.path for file in small}
    kept = tuple(file for file in base if file.path not in taken)
    rows = sum(file.rows for file in kept)
    return Update((), base, kept, list(_groups(table, small)), reused=rows, recipe=recipe, same_rows=True)


def _small(table: Table, files: Sequence[DataFile]) -> list[DataFile]:
    """Return those of some files that are far from the size that is aimed at."""
    limit = table.write_options.target_file_bytes // SMALL_SHARE
    return [file for file in files if file.size < limit]


def _groups(table: Table, files: list[DataFile]) -> Iterator[Copies]:
    """Gather files up to the size that is aimed at: one task, one file."""
    group: list[Copy] = []
    size = 0
    for file in files:
        group.append(Copy(file.path, file.partition, file.rows))
        size += file.size
        if size >= table.write_options.target_file_bytes:
            yield Copies(tuple(group))
            group, size = [], 0
    if group:
        yield Copies(tuple(group))
