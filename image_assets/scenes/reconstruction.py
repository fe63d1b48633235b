"""Stage 2: every tile from the tiles around it, by one of three strategies, in one or two Spark stages.

1. *Send*: tasks read source tiles. What a target needs is computed there, and a target whose sources all belong to
   one task is finished and written there. The rest goes to the exchange.
2. *Receive*: tasks take the contributions to the other targets from the exchange, finish them and write them.

`grouped_read` and `partial` read every source once: a task has a rectangle of the grid (`blocks`), so that only targets
at the border of a rectangle wait for the second stage. `naive` knows pairs only: each is read, sent and received by
itself, as in the study.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pyspark import SparkContext

from image_assets.errors import WarehouseError
from image_assets.scenes.blocks import plan_blocks, shares
from image_assets.scenes.exchange import Exchange, Parcel
from image_assets.scenes.reconstruction_tasks import ReaderFactory, Receiving, Sending, Work, receiver, sender
from image_assets.scenes.tile_tables import StoredScene, TileReader, stored_scene
from image_assets.spark.side_by_side import RowCounter
from image_assets.spark.stages import gather_stage
from image_assets.tiles.geometry import Tile
from image_assets.tiles.neighbourhood import Reconstruction
from image_assets.tiles.reconstruction import create_reconstruction
from image_assets.tiles.strategies import ReadTask, strategy
from image_assets.warehouse.parquet import MEBIBYTE, DataFile
from image_assets.warehouse.table import Table

BLOCKS_PER_CORE = 2
"""Rectangles: every cut between them sends tiles through the exchange, and one for each core would balance nothing."""
RECEIVING_TASKS_PER_CORE = 4


@dataclass(frozen=True)
class ReconstructionOptions:
    """How tiles are reconstructed.

    Attributes:
        name: of the reconstruction, see `image_assets.tiles.reconstruction`.
        parameters: of the reconstruction; its defaults where empty.
        strategy: `partial`, `grouped_read` or `naive`: the same result at another cost.
        n_size: radius of the neighbourhood in tiles.
        pending_mib: MiB of tiles that may wait for their neighbours in a worker.
    """

    name: str = "gaussian"
    parameters: Mapping[str, float] = field(default_factory=dict)
    strategy: str = "partial"
    n_size: int = 1
    pending_mib: int = 384

    def create(self) -> Reconstruction:
        """Return the reconstruction.

        Raises:
            SettingsError: there is none of the name, or the parameters do not fit.
        """
        return create_reconstruction(self.name, **self.parameters)

    @property
    def description(self) -> str:
        """What the result depends on, such as `gaussian(sigma=3) n_size=1`."""
        parameters = ", ".join(f"{key}={value}" for key, value in sorted(self.parameters.items()))
        return f"{self.name}({parameters}) n_size={self.n_size}"

    @classmethod
    def from_description(cls, text: str) -> "ReconstructionOptions":
        """Return the options of tiles with this description, as their column `reconstruction` has it.

        Raises:
            WarehouseError: the text is no such description.
        """
        found = re.fullmatch(r"(?P<name>.+?)\((?P<parameters>.*)\) n_size=(?P<n_size>\d+)", text)
        if found is None:
            raise WarehouseError(f"{text!r} describes no reconstruction: materialize reconstructed_tiles again")
        pairs = (pair.split("=") for pair in found["parameters"].split(", ") if pair)
        return cls(found["name"], {key: json.loads(value) for key, value in pairs}, n_size=int(found["n_size"]))


@dataclass(frozen=True)
class Reconstructed:
    """What became of a scene.

    Attributes:
        files: that were written.
        reads: how often each source tile was read, by x and y.
        exchanged_tiles: targets that were finished in the second stage.
        exchanged_bytes: what went through the exchange.
    """

    files: tuple[DataFile, ...]
    reads: Mapping[tuple[int, int], int]
    exchanged_tiles: int
    exchanged_bytes: int


def reconstruct_scene(
    context: SparkContext,
    tables: tuple[Table, Table],
    scene: str,
    options: ReconstructionOptions,
    rows: RowCounter,
    open_reader: ReaderFactory = TileReader,
    reconstruction: Reconstruction | None = None,
) -> Reconstructed:
    """Reconstruct the tiles of a scene and write them; nothing is committed here.

    Args:
        context: Spark.
        tables: `source_tiles` and `reconstructed_tiles`.
        scene: which one.
        options: how.
        rows: counts what is written.
        open_reader: makes the reader of source tiles in a worker; another one can delay or watch them.
        reconstruction: in place of the one that the options name.

    Raises:
        WarehouseError: the scene has no source tiles.
        SettingsError: the reconstruction looks further than the neighbourhood reaches.
        StageError: a task failed for good.
    """
    source, target = tables
    stored = stored_scene(source, scene)
    chosen = reconstruction or options.create()
    chosen.require_reach(stored.grid, options.n_size)
    rows.planned.append(len(stored.grid))
    with Exchange.below(target.root) as exchange:
        work = Work(strategy(options.strategy), chosen, options.description, source.root, target, exchange, open_reader)
        sent = gather_stage(context, plan_sending(context, stored, options), sender(work, rows))
        parcels = [entry for result in sent for entry in result.parcels]
        received = gather_stage(context, plan_receiving(context, parcels), receiver(work, rows))
    reads: Counter[tuple[int, int]] = Counter()
    for result in sent:
        reads.update(result.reads)
    return Reconstructed(
        files=tuple([file for result in sent for file in result.files] + received),
        reads=dict(reads),
        exchanged_tiles=len({target for target, _ in parcels}),
        exchanged_bytes=sum(parcel.length for _, parcel in parcels),
    )


def plan_sending(context: SparkContext, stored: StoredScene, options: ReconstructionOptions) -> list[Sending]:
    """Divide the sources of a scene into tasks: rectangles, or runs of pairs."""
    cores = context.defaultParallelism
    plan = strategy(options.strategy)
    n_tasks = max(cores, min(BLOCKS_PER_CORE * cores, len(stored.grid) // (4 * max(1, options.n_size)) ** 2))
    groups: Iterable[Sequence[ReadTask]]
    if plan.pack is None:
        groups = shares(list(plan.tasks(stored.grid, options.n_size)), n_tasks)
    else:
        blocks = plan_blocks(stored.grid, options.n_size, n_tasks, stored.tile_bytes(), options.pending_mib * MEBIBYTE)
        groups = ([ReadTask(tile, tile.neighbourhood(options.n_size)) for tile in block] for block in blocks)
    return [
        Sending(
            tuple(group),
            {(task.source.x, task.source.y): stored.addresses[task.source.x, task.source.y] for task in group},
        )
        for group in groups
    ]


def plan_receiving(context: SparkContext, parcels: Iterable[tuple[Tile, Parcel]]) -> list[Receiving]:
    """Divide the targets that the first stage has not finished into tasks, neighbours together."""
    by_target: dict[Tile, list[Parcel]] = {}
    for target, parcel in parcels:
        by_target.setdefault(target, []).append(parcel)
    ordered = sorted(by_target, key=lambda tile: (tile.y, tile.x))
    return [
        Receiving(tuple((target, tuple(by_target[target])) for target in share))
        for share in shares(ordered, context.defaultParallelism * RECEIVING_TASKS_PER_CORE)
    ]
