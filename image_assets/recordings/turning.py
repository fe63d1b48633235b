"""The blocked shuffle that moves time from the first axis to the last one and back, through files of pieces.

Each task reads consecutive records, cuts their values by block and leaves one file with a piece per block below the
warehouse; whoever wants a block reads its piece of every file (`task_files.TurnedBlocks`). No process holds more than a
task's records or one block. The files lie on the storage of the warehouse, so that any worker of a cluster reads them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np
from pyspark import SparkContext

from image_assets.recordings.blocks import BlockTask
from image_assets.recordings.cells import Scratch, write_cells
from image_assets.recordings.task_files import PieceFile, TurnedBlocks
from image_assets.signals.arrays import Block, Integers
from image_assets.signals.errors import SignalError
from image_assets.signals.records import Rows
from image_assets.signals.transpose import DEFAULT_BLOCK_BYTES, BlockPlan
from image_assets.spark.stages import gather_stage

BLOCKS_PER_CORE = 2


def turn(
    context: SparkContext,
    tasks: Sequence[BlockTask],
    grid: tuple[int, ...],
    example: Block,
    scratch: Scratch,
    *,
    to_series: bool,
) -> TurnedBlocks:
    """Cut records into pieces that can be joined the other way round.

    Args:
        context: Spark.
        tasks: shares of the records; within a share the records ascend, and shares do not overlap.
        grid: of the records.
        example: values of one record after all steps, [1, ...].
        scratch: where the pieces go.
        to_series: volumes become series; else series become volumes.

    Raises:
        SignalError: if there is no record, or the records of a share are not in order.
    """
    shape, n_records = example.shape[1:], sum(task.rows for task in tasks)
    total = max(1, n_records * example.nbytes)
    block_bytes = max(1, min(DEFAULT_BLOCK_BYTES, total // (BLOCKS_PER_CORE * context.defaultParallelism)))
    plan = BlockPlan.for_recording(shape, n_records, example.itemsize, block_bytes)

    def cut(shares: Iterable[BlockTask]) -> Iterator[PieceFile]:
        for share in shares:
            yield from _cut(share, grid, plan, scratch)

    files = sorted(gather_stage(context, tasks, cut), key=lambda file: file.start)
    if not files:
        raise SignalError("there is nothing to turn: every record was filtered out")
    n_found = sum(file.n_records for file in files)
    turned_shape = (n_found,) if to_series else grid
    return TurnedBlocks(scratch, tuple(files), replace(plan, n_times=n_found), turned_shape)


def _cut(task: BlockTask, grid: tuple[int, ...], plan: BlockPlan, scratch: Scratch) -> Iterator[PieceFile]:
    blocks = [rows for rows in task.blocks() if len(rows.keys)]
    if not blocks:
        return
    numbers = np.concatenate([_numbers(rows, grid) for rows in blocks])
    if (np.diff(numbers) <= 0).any():
        raise SignalError(f"records {numbers[0]} to {numbers[-1]} are not in order: materialize their table again")
    flat = [rows.values.reshape(len(rows.values), -1) for rows in blocks]
    if any(part.shape[1] != plan.n_voxels for part in flat):
        raise SignalError(f"a record has {flat[0].shape[1]} values, the first one {plan.n_voxels}")
    file = scratch.new_file()
    write_cells(file, (_piece(flat, plan.voxels(block)) for block in range(plan.n_blocks)))
    yield PieceFile(
        name=file.uri.rsplit("/", 1)[1],
        start=int(numbers[0]),
        n_records=len(numbers),
        shape=plan.shape,
        dtype=flat[0].dtype.name,
    )


def _numbers(rows: Rows, grid: tuple[int, ...]) -> Integers:
    return np.asarray(np.ravel_multi_index(tuple(rows.keys.T), grid), dtype=np.int64)


def _piece(flat: Sequence[Block], voxels: slice) -> memoryview:
    return np.concatenate([part[:, voxels] for part in flat]).reshape(-1).view(np.uint8).data
