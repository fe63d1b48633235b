"""Plans that compute only what is not there: pictures whose digest and recipe a table does not have yet.

A picture that was moved or renamed keeps what was computed of it: its row is copied under its new keys. That holds
within a partition, and between the partitions of one run.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc
from pyspark import SparkContext

from image_assets.contracts import ERROR_COLUMNS, KEY_COLUMNS, PARTITION_COLUMN
from image_assets.spark.stages import Pick, Rows, rows_per_task
from image_assets.spark.updates import Update
from image_assets.warehouse.changes import Difference, compare, digest_keys
from image_assets.warehouse.copying import Copy, Keys, group_copies
from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.reading import Fragment, split_files
from image_assets.warehouse.recipes import recipes_of
from image_assets.warehouse.table import Table

COPY_ROWS = 2048
"""Rows that a task gathers from files that are taken apart."""

Place = tuple[DataFile, str]
"""A file of the target and the path of one of its rows."""


@dataclass
class Reuse:
    """Plans for partitions of a table that is computed row by row from another one.

    Attributes:
        context: Spark, for its parallelism.
        source: the table that the rows are computed from.
        target: the table that they belong to.
        recipe: names what the rows of a partition are computed with.
        partitions: of the run: a picture that moves between them is not computed again.
        recompute: compute everything, whatever is there.
    """

    context: SparkContext
    source: Table
    target: Table
    recipe: Callable[[str], str]
    partitions: Sequence[str] = ()
    recompute: bool = False
    _leaving: "Leaving" = field(init=False)
    _source_files: dict[str, tuple[DataFile, ...]] = field(init=False)
    _target_files: dict[str, tuple[DataFile, ...]] = field(init=False)

    def __post_init__(self) -> None:
        version = self.target.version()
        self._source_files = self.source.files_by_partition(self.partitions)
        self._target_files = self.target.files_by_partition(self.partitions, version)
        self._leaving = Leaving(self, dict(self._target_files))

    def plan(self, partition: str) -> Update[Rows]:
        """Return what is to be computed, copied and left of a partition; asked again, it looks at the table again."""
        recipe = self.recipe(partition)
        files = self.source_files(partition)
        known = self._target_files.pop(partition, None)
        base = tuple(self.target.files([partition])) if known is None else known
        if not base and not self._leaving.possible:
            return Update(self._all_rows(files), recipe=recipe)
        wanted, held = self.wanted(files), digest_keys(self.target, base)
        gone = count_gone(wanted, held)
        if self.recompute or not self.is_usable(base, held, recipe):
            return Update(self._all_rows(files), base, recipe=recipe, removed=gone)
        found = compare(wanted, held)
        places = self._places(found.missing, base, held, recipe)
        copies, kept = plan_copies(base, found, places, partition)
        missing = found.missing.filter(pa.array([place is None for place in places], pa.bool_()))
        return Update(
            self._some_rows(files, missing),
            base,
            kept,
            group_copies(copies, COPY_ROWS),
            reused=wanted.num_rows - missing.num_rows,
            removed=gone,
            recipe=recipe,
        )

    def source_files(self, partition: str) -> tuple[DataFile, ...]:
        """Return the files that the rows of a partition are computed from."""
        return self._source_files.get(partition) or tuple(self.source.files([partition]))

    def wanted(self, files: Sequence[DataFile]) -> pa.Table:
        """Return the keys of the rows that the target should have; failures only where it keeps rows for them."""
        return digest_keys(self.source, files, finished=self.target.name not in ERROR_COLUMNS)

    def is_usable(self, files: Sequence[DataFile], held: pa.Table, recipe: str) -> bool:
        """Whether rows of the target were computed by this recipe, each picture once."""
        once = pc.count_distinct(held["path"]).as_py() == held.num_rows
        return once and recipes_of(self.target, files) <= {recipe}

    def _places(self, missing: pa.Table, base: Sequence[DataFile], held: pa.Table, recipe: str) -> list[Place | None]:
        """Find for each missing row where the target has the same picture under other keys."""
        found = pc.index_in(missing["identity"], value_set=held["identity"].combine_chunks()).to_pylist()
        files, paths = held["file"], held["path"]
        places: list[Place | None] = [
            None if row is None else (base[files[row].as_py()], paths[row].as_py()) for row in found
        ]
        if None in places and self._leaving.possible:
            elsewhere = self._leaving.by_identity(recipe)
            identities = missing["identity"].to_pylist()
            places = [place or elsewhere.get(name) for place, name in zip(places, identities, strict=True)]
        return places

    def _all_rows(self, files: Sequence[DataFile]) -> list[Rows]:
        limit = rows_per_task(self.context, sum(file.rows for file in files))
        return [Rows(tuple(picks)) for picks in _gathered(map(Pick, split_files(files, limit)), limit)]

    def _some_rows(self, files: Sequence[DataFile], missing: pa.Table) -> list[Rows]:
        if missing.num_rows == 0:
            return []
        limit = rows_per_task(self.context, missing.num_rows)
        return [Rows(tuple(picks)) for picks in _gathered(_picks(files, missing, limit), limit)]


class Leaving:
    """Rows of the target that leave their partitions in this run, by picture: found once, when first asked for."""

    def __init__(self, reuse: Reuse, files: dict[str, tuple[DataFile, ...]]) -> None:
        # As the table was when the run began: what has left it since is still on disk.
        self._reuse, self._files = reuse, files
        self._lock = threading.Lock()
        self._found: dict[str, dict[str, Place]] | None = None

    @property
    def possible(self) -> bool:
        """Whether a picture may have moved between partitions: only if several are compared."""
        return len(self._reuse.partitions) > 1 and any(self._files.values()) and not self._reuse.recompute

    def by_identity(self, recipe: str) -> dict[str, Place]:
        """Return the place of each picture that leaves a partition and was computed by a recipe."""
        with self._lock:
            if self._found is None:
                self._found = {}
                for partition in self._reuse.partitions:
                    self._search(partition, self._found)
            return self._found.get(recipe, {})

    def _search(self, partition: str, found: dict[str, dict[str, Place]]) -> None:
        reuse, files = self._reuse, self._files[partition]
        if not files:
            return
        held, recipe = digest_keys(reuse.target, files), reuse.recipe(partition)
        if not reuse.is_usable(files, held, recipe):
            return
        stale = compare(reuse.wanted(reuse.source_files(partition)), held).stale
        rows = zip(*(stale[name].to_pylist() for name in ("identity", "file", "path")), strict=True)
        found.setdefault(recipe, {}).update({name: (files[place], path) for name, place, path in rows if name})


def count_gone(wanted: pa.Table, held: pa.Table) -> int:
    """Count the pictures that are held, and wanted neither under their path nor under another one."""
    there = pc.or_(
        pc.is_in(held["path"], value_set=wanted["path"].combine_chunks()),
        pc.is_in(held["identity"], value_set=wanted["identity"].combine_chunks()),
    )
    n_there: int = pc.sum(there).as_py() or 0
    return int(held.num_rows - n_there)


def plan_copies(
    base: Sequence[DataFile], found: Difference, places: Sequence[Place | None], partition: str
) -> tuple[list[Copy], tuple[DataFile, ...]]:
    """Divide the files of a partition into those that stay and copies of what is still wanted of the others.

    Args:
        base: the files.
        found: the rows in which they differ from what they should hold.
        places: for each missing row, where its picture is already, if it is.
        partition: that the missing rows belong to.
    """
    leaving: dict[str, set[str]] = {}
    for place, path in zip(found.stale["file"].to_pylist(), found.stale["path"].to_pylist(), strict=True):
        leaving.setdefault(base[place].path, set()).add(path)
    moved: dict[str, list[tuple[str, Keys]]] = {}
    sources = {file.path: file for file in base}
    for keys, spot in zip(_keys(found.missing, partition), places, strict=True):
        if spot is not None:
            sources[spot[0].path] = spot[0]
            moved.setdefault(spot[0].path, []).append((spot[1], keys))
    copies = []
    for path, file in sources.items():
        new = tuple(moved.get(path, ()))
        gone = frozenset(leaving[path]) if path in leaving else None
        rows = len(new) + (0 if gone is None else file.rows - len(gone))
        if rows:
            copies.append(Copy(path, file.partition, rows, gone, new))
    return copies, tuple(file for file in base if file.path not in leaving)


def _keys(rows: pa.Table, partition: str) -> Iterator[Keys]:
    constant = [partition] * rows.num_rows
    columns = [constant if name == PARTITION_COLUMN else rows[name].to_pylist() for name in KEY_COLUMNS]
    return zip(*columns, strict=True)


def _picks(files: Sequence[DataFile], missing: pa.Table, limit: int) -> Iterator[Pick]:
    wanted: dict[int, list[str]] = {}
    for place, path in zip(missing["file"].to_pylist(), missing["path"].to_pylist(), strict=True):
        wanted.setdefault(place, []).append(path)
    for place, paths in wanted.items():
        file = files[place]
        if len(paths) == file.rows:
            yield from map(Pick, split_files([file], limit))
            continue
        for start in range(0, len(paths), limit):
            yield Pick(Fragment(file.path, file.partition, file.rows), tuple(paths[start : start + limit]))


def _gathered(picks: Iterable[Pick], limit: int) -> Iterator[list[Pick]]:
    group: list[Pick] = []
    rows = 0
    for pick in picks:
        group.append(pick)
        rows += pick.fragment.rows if pick.paths is None else len(pick.paths)
        if rows >= limit:
            yield group
            group, rows = [], 0
    if group:
        yield group
