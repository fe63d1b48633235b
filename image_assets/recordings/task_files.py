"""Records that tasks of one stage left in files for tasks of the next: cut into pieces, or block by block."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from image_assets.recordings.blocks import BlockTask
from image_assets.recordings.cells import Scratch, read_cells
from image_assets.signals.local import BLOCK_VALUES
from image_assets.signals.records import Rows
from image_assets.signals.reductions import unpack
from image_assets.signals.transpose import BlockPlan, Piece, join_pieces


@dataclass(frozen=True)
class PieceFile:
    """What a task cut its records into.

    Attributes:
        name: of the file, in the scratch folder.
        start: key of its first record, as a number in C order.
        n_records: how many consecutive records.
        shape: of a record.
        dtype: of the records.
    """

    name: str
    start: int
    n_records: int
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class TurnedBlocks:
    """Records whose leading axis has become the last one, joined from pieces when they are read.

    Attributes:
        scratch: holds the pieces.
        files: in the order of their records.
        plan: how the records were cut.
        shape: of a turned record: (t,) for series, (z, y, x) for volumes.
    """

    scratch: Scratch
    files: tuple[PieceFile, ...]
    plan: BlockPlan
    shape: tuple[int, ...]

    @property
    def grid(self) -> tuple[int, ...]:
        """Shape of the records that were cut: their values are the records now."""
        return self.plan.shape

    @property
    def n_records(self) -> int:
        """Number of turned records."""
        return self.plan.n_voxels

    def tasks(self) -> list[BlockTask]:
        """One share per block of the plan."""
        slices = [self.plan.voxels(block) for block in range(self.plan.n_blocks)]
        return [BlockTask(self, block, found.stop - found.start) for block, found in enumerate(slices)]

    def read(self, share: int) -> Iterator[Rows]:
        """Join the pieces of one block and hand it out in smaller ones."""
        values = join_pieces(list(self._pieces(share)), self.plan)
        keys = self.plan.keys(share)
        size = max(1, BLOCK_VALUES // max(1, values.shape[1]))
        for start in range(0, len(values), size):
            part = values[start : start + size]
            yield Rows(keys[start : start + size], part.reshape(len(part), *self.shape))

    def _pieces(self, block: int) -> Iterator[Piece]:
        voxels = self.plan.voxels(block)
        time = 0
        for file in self.files:
            (cell,) = read_cells(self.scratch.folder.join(file.name), [block])
            values = np.frombuffer(cell, file.dtype).reshape(file.n_records, voxels.stop - voxels.start)
            yield Piece(block, time, values)
            time += file.n_records


@dataclass(frozen=True)
class StoredBlocks:
    """Blocks of records that tasks have computed and left in files.

    Attributes:
        scratch: holds the files.
        files: name, number of cells and number of records of each, in order.
        grid: of the source that they come from.
    """

    scratch: Scratch
    files: tuple[tuple[str, int, int], ...]
    grid: tuple[int, ...]

    @property
    def n_records(self) -> int:
        """Number of records."""
        return sum(n_records for _, _, n_records in self.files)

    def tasks(self) -> list[BlockTask]:
        """One share per file."""
        return [BlockTask(self, (name, n_cells), n_records) for name, n_cells, n_records in self.files]

    def read(self, share: tuple[str, int]) -> Iterator[Rows]:
        """Read the blocks of a file."""
        name, n_cells = share
        for cell in read_cells(self.scratch.folder.join(name), range(n_cells)):
            keys, values = unpack(cell.to_pybytes())
            yield Rows(keys, values)
