"""What tasks of a reconstruction do in the workers: read, send, receive, finish, write.

A task of the first stage goes through its sources in order, finishes the targets that lie inside and leaves the others
in the exchange, from where tasks of the second stage take them. See `image_assets.scenes.reconstruction`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

import pyarrow as pa

from image_assets.scenes.exchange import Exchange, Parcel, ParcelWriter
from image_assets.scenes.tile_tables import TileAddress, TileReader, tile_batch
from image_assets.scenes.worker_memory import keep_freed_memory
from image_assets.spark.side_by_side import RowCounter
from image_assets.tiles.contributions import Contribution, contribution_parts, decode_contribution
from image_assets.tiles.geometry import Tile
from image_assets.tiles.neighbourhood import Reconstruction
from image_assets.tiles.strategies import ReadTask, Strategy
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import DataFile, write_batches
from image_assets.warehouse.table import Table

ReaderFactory = Callable[[Location, Mapping[tuple[int, int], TileAddress]], TileReader]


@dataclass(frozen=True)
class Sending:
    """Sources of one task of the first stage, or pairs where the strategy knows pairs only."""

    tasks: tuple[ReadTask, ...]
    addresses: Mapping[tuple[int, int], TileAddress]


@dataclass(frozen=True)
class Receiving:
    """Targets of one task of the second stage and where their contributions are."""

    targets: tuple[tuple[Tile, tuple[Parcel, ...]], ...]


@dataclass(frozen=True)
class Sent:
    """What one task of the first stage has done."""

    files: tuple[DataFile, ...]
    reads: dict[tuple[int, int], int]
    parcels: tuple[tuple[Tile, Parcel], ...]


@dataclass(frozen=True)
class Work:
    """What every task of both stages knows; pickles to the workers."""

    plan: Strategy
    reconstruction: Reconstruction
    description: str
    source: Location
    target: Table
    exchange: Exchange
    open_reader: ReaderFactory

    def write(self, batches: Iterable[pa.RecordBatch]) -> list[DataFile]:
        """Write rows to files of the target."""
        table = self.target
        return write_batches(table.root, table.schema, table.partition_column, batches, table.write_options)

    def finish(self, target: Tile, contributions: Iterable[Contribution]) -> pa.RecordBatch:
        """Return the row of a target from everything that was sent to it."""
        return tile_batch(target, self.plan.receive(self.reconstruction, target, contributions), self.description)


def sender(work: Work, rows: RowCounter) -> Callable[[Iterable[Sending]], Iterator[Sent]]:
    """Return what tasks of the first stage do; counts the tiles that they finish."""
    done = rows.done

    def run(tasks: Iterable[Sending]) -> Iterator[Sent]:
        keep_freed_memory()
        for sending in tasks:
            with (
                closing(work.exchange.writer()) as writer,
                closing(work.open_reader(work.source, sending.addresses)) as reader,
            ):
                parcels: list[tuple[Tile, Parcel]] = []
                send = _send_pairs if work.plan.pack is None else _send_block
                files = work.write(send(work, sending.tasks, reader, writer, parcels))
            done.add(sum(file.rows for file in files))
            yield Sent(tuple(files), reader.reads, tuple(parcels))

    return run


def _send_pairs(
    work: Work,
    tasks: Iterable[ReadTask],
    reader: TileReader,
    writer: ParcelWriter,
    parcels: list[tuple[Tile, Parcel]],
) -> Iterator[pa.RecordBatch]:
    """Send each pair by itself; finishes no target."""
    for task in tasks:
        for target, contribution in work.plan.send(work.reconstruction, task, reader.read(task.source)):
            parcels.append((target, writer.append(contribution_parts(contribution))))
    yield from ()


def _send_block(
    work: Work,
    tasks: Sequence[ReadTask],
    reader: TileReader,
    writer: ParcelWriter,
    parcels: list[tuple[Tile, Parcel]],
) -> Iterator[pa.RecordBatch]:
    """Read each source once; finish the targets that lie inside, send one contribution to each of the others."""
    plan, pack = work.plan, work.plan.pack
    to_come = Counter(target for task in tasks for target in task.targets)
    sources = {task.source for task in tasks}
    inside = {task.source for task in tasks if sources.issuperset(task.targets)}  # a tile's targets are its sources
    waiting: dict[Tile, list[Contribution]] = {}
    for task in tasks:
        for target, contribution in plan.send(work.reconstruction, task, reader.read(task.source)):
            waiting.setdefault(target, []).append(contribution)
        for target in task.targets:
            to_come[target] -= 1
            if to_come[target] or target not in waiting:
                continue
            contributions = waiting.pop(target)
            if target in inside:
                yield work.finish(target, contributions)
            elif pack is not None:
                packed = pack(work.reconstruction, contributions)
                parcels.append((target, writer.append(contribution_parts(packed))))


def receiver(work: Work, rows: RowCounter) -> Callable[[Iterable[Receiving]], Iterator[DataFile]]:
    """Return what tasks of the second stage do; counts the tiles that they finish."""
    done = rows.done

    def run(tasks: Iterable[Receiving]) -> Iterator[DataFile]:
        keep_freed_memory()
        for receiving in tasks:
            with closing(work.exchange.reader()) as reader:
                files = work.write(
                    work.finish(target, (decode_contribution(reader.read(parcel)) for parcel in parcels))
                    for target, parcels in receiving.targets
                )
            done.add(len(receiving.targets))
            yield from files

    return run
