"""The Spark faces: `SparkImages` and `SparkSeries` over the tables of a recording, lazy, a task per share.

They have the operations of `signals.local.Images` and `Series`, with the same names, kernels and results.

Example:
    warehouse = Warehouse.at("data/warehouse")
    images = open_images(spark, warehouse, "neurons")        # table recording_frames
    series = open_series(spark, warehouse, "neurons")        # table pixel_series
    response = series.filter(lambda block: voxel_std(block) > 4).fourier(freq=6).toarray()
"""

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from typing import Self, TypeVar

import numpy as np
from pyspark import SparkContext
from pyspark.sql import SparkSession

from image_assets.recordings.blocks import (
    BlockSource,
    BlockTask,
    DeferredBlocks,
    FrameBlocks,
    SeriesBlocks,
    first_record,
)
from image_assets.recordings.cells import Scratch, write_cells
from image_assets.recordings.index import recording_index, series_dtype
from image_assets.recordings.task_files import StoredBlocks, TurnedBlocks
from image_assets.recordings.turning import turn
from image_assets.signals.arrays import Block
from image_assets.signals.faces import SourcedRecords, SourcedSeries
from image_assets.signals.images import ImageOperations
from image_assets.signals.records import Rows, Step, Transform, run_steps
from image_assets.signals.reductions import Reduction, finish_partials, merge_blocks, pack, unpack
from image_assets.spark.stages import gather_stage
from image_assets.warehouse.location import Location
from image_assets.warehouse.warehouse import Warehouse

ResultT = TypeVar("ResultT")
SLICES_PER_CORE = 4


@dataclass(frozen=True)
class Engine:
    """What runs the steps: Spark, and a place for what tasks leave for other tasks.

    Attributes:
        context: Spark.
        root: below which scratch folders come and go: the warehouse.
    """

    context: SparkContext
    root: Location

    @property
    def slices(self) -> int:
        """Into how many parts a reduction is divided; the driver receives one result of each."""
        return SLICES_PER_CORE * self.context.defaultParallelism


class SparkRecords(SourcedRecords[BlockSource]):
    """The engine of the Spark faces: sends the blocks of a source through the steps, in tasks."""

    def __init__(self, engine: Engine, source: BlockSource) -> None:
        super().__init__(source)
        self._engine = engine

    @property
    def source(self) -> BlockSource:
        """Where the records come from."""
        return self._source

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that await the records."""
        return self._steps

    def tasks(self) -> list[BlockTask]:
        """Return the shares of the records with the steps to run on each, for a stage of one's own."""
        return [replace(task, steps=(*task.steps, *self._steps)) for task in self._source.tasks()]

    def _reduce(self, reduction: Reduction[ResultT]) -> ResultT:
        def partial(tasks: Iterable[BlockTask]) -> Iterator[bytes]:
            merged = merge_blocks(reduction, (rows.values for task in tasks for rows in task.blocks()))
            if merged is not None:
                yield pack(merged)

        partials = gather_stage(self._engine.context, self.tasks(), partial, self._engine.slices)
        return finish_partials(reduction, map(unpack, partials))

    def rows(self) -> Rows:
        """Run the steps and return all records with their keys in this process, in C order of their keys."""

        def collect(tasks: Iterable[BlockTask]) -> Iterator[bytes]:
            for task in tasks:
                yield from (pack(rows) for rows in task.blocks())

        found = [unpack(content) for content in gather_stage(self._engine.context, self.tasks(), collect)]
        if not found:
            return Rows(np.empty((0, len(self._source.grid)), np.int64), np.empty((0, 0)))
        keys = np.concatenate([keys for keys, _ in found])
        values = np.concatenate([values for _, values in found])
        order = np.lexsort(keys.T[::-1])
        return Rows(keys[order], values[order])

    def count(self) -> int:
        """Return the number of records; the steps run only if one of them selects."""
        if self._only_transforms:
            return self._source.n_records

        def count(tasks: Iterable[BlockTask]) -> Iterator[int]:
            yield sum(len(rows.keys) for task in tasks for rows in task.blocks())

        return sum(gather_stage(self._engine.context, self.tasks(), count, self._engine.slices))

    def compute(self) -> Self:
        """Run the steps now and return the same records without steps; useful before using them twice.

        The results lie in files below the warehouse for as long as the returned records are in use.
        """
        scratch = Scratch.below(self._engine.root)

        def store(tasks: Iterable[BlockTask]) -> Iterator[tuple[str, int, int]]:
            for task in tasks:
                blocks = list(task.blocks())
                file = scratch.new_file()
                n_cells = write_cells(file, (pack(rows) for rows in blocks))
                yield file.uri.rsplit("/", 1)[1], n_cells, sum(len(rows.keys) for rows in blocks)

        files = gather_stage(self._engine.context, self.tasks(), store)
        computed = copy(self)
        computed._source = StoredBlocks(scratch, tuple(files), self._source.grid)
        computed._steps = ()
        return computed

    def then(self, step: Step) -> Self:
        """Return the same records with a step of one's own to run: rows with their keys in, rows out."""
        return self._then(step)

    def _first(self) -> Rows:
        return first_record(self._source)

    def _turned(self, *, to_series: bool) -> TurnedBlocks:
        example = run_steps(self._first(), [step for step in self._steps if isinstance(step, Transform)])
        scratch = Scratch.below(self._engine.root)
        return turn(self._engine.context, self.tasks(), self._source.grid, example.values, scratch, to_series=to_series)


class SparkImages(SparkRecords, ImageOperations):
    """Volumes over time in a table or in files of tasks: [t, z, y, x]."""

    def toseries(self) -> "SparkSeries":
        """Move time to the last axis: [t, z, y, x] becomes [z, y, x, t], one series per voxel in C order.

        Once a result is asked for, the volumes are cut into pieces below the warehouse, and each block of series is
        joined from its pieces: no process holds the recording.
        """
        source = DeferredBlocks(lambda: self._turned(to_series=True))
        return SparkSeries(self._engine, source, lambda: np.arange(self.count()))


class SparkSeries(SparkRecords, SourcedSeries[BlockSource]):
    """Series of voxels in a table or in files of tasks: [z, y, x, t]."""

    def __init__(self, engine: Engine, source: BlockSource, index: Callable[[], Block] | None = None) -> None:
        super().__init__(engine, source)
        self._index = index

    def toimages(self) -> SparkImages:
        """Move time to the first axis: [z, y, x, t] becomes [t, z, y, x].

        Raises:
            SignalError: If voxels were filtered out or the series flattened.
        """
        self._check_fills_grid()
        return SparkImages(self._engine, DeferredBlocks(lambda: self._turned(to_series=False)))


def open_images(spark: SparkSession, warehouse: Warehouse, recording: str) -> SparkImages:
    """Open the volumes of a recording in the table `recording_frames`.

    Raises:
        WarehouseError: if the table does not hold the recording, or one of its frames cannot be used.
    """
    table = warehouse.table("recording_frames")
    index = recording_index(table, recording).usable()
    parallelism = spark.sparkContext.defaultParallelism
    source = FrameBlocks(table, recording, index.shape, index.dtype, index.n_times, 2 * parallelism)
    return SparkImages(Engine(spark.sparkContext, warehouse.root), source)


def open_series(spark: SparkSession, warehouse: Warehouse, recording: str) -> SparkSeries:
    """Open the series of a recording in the table `pixel_series`.

    Raises:
        WarehouseError: if the table does not hold the recording, or not all of its voxels.
    """
    table = warehouse.table("pixel_series")
    index = recording_index(warehouse.table("recording_frames"), recording)
    dtype, n_times = series_dtype(table, recording, index.shape)
    parallelism = spark.sparkContext.defaultParallelism
    source = SeriesBlocks(table, recording, index.shape, dtype, n_times, 2 * parallelism)
    return SparkSeries(Engine(spark.sparkContext, warehouse.root), source)
