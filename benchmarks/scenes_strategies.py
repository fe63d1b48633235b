"""The three strategies: with the delays of the study on small scenes, and without delays on a large one.

With delays: 2 scenes of 3 x 3 tiles, 2.5 s to read a source tile, 1 s for a partial reconstruction, half of that where
the partial reconstructions of one source are computed together. Sleeping needs no core, so that more tasks run at once
than there are cores, as on the cluster of the study. Without delays: one scene of the study's kind, 12,000 x 12,000
pixels of 4 channels, int16.

    python -m benchmarks.scenes_strategies [--runs 3] [--delay-scale 1.0]
"""

import argparse
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.sql import SparkSession
from rich.console import Console

from benchmarks.harness.machine import cores
from benchmarks.harness.measuring import Spread, interleaved, ratios
from benchmarks.harness.options import work_folder
from benchmarks.harness.report import open_console, print_table, write_report
from image_assets.scenes.catalogue import SceneCatalogue
from image_assets.scenes.reconstruction import Reconstructed, ReconstructionOptions, reconstruct_scene
from image_assets.scenes.source_tiles import plan_scene, read_scene
from image_assets.scenes.tile_tables import TileReader
from image_assets.spark.partitions import commit_partitions, in_one_stage
from image_assets.spark.session import SparkOptions, start_session
from image_assets.spark.side_by_side import RowCounter
from image_assets.tiles.contributions import Contribution
from image_assets.tiles.geometry import Tile
from image_assets.tiles.neighbourhood import Reconstruction
from image_assets.tiles.reconstruction import create_reconstruction
from image_assets.tiles.scene import Pixels
from image_assets.tiles.strategies import STRATEGY_NAMES
from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

READ_SECONDS, PARTIAL_SECONDS = 2.5, 1.0
STUDY_TILE = 200
STUDY_TASKS = 8


@dataclass
class SlowReader(TileReader):
    """Reads tiles as slowly as the study did."""

    delay_seconds: float = READ_SECONDS

    def read(self, tile: Tile) -> Pixels:
        """Wait, then read."""
        time.sleep(self.delay_seconds)
        return super().read(tile)


class SlowReconstruction(Reconstruction):
    """Reconstructs as slowly as the study did."""

    def __init__(self, inner: Reconstruction, delay_seconds: float) -> None:
        self.inner, self.delay_seconds = inner, delay_seconds
        self.name, self.halo = inner.name, inner.halo

    def partial(self, source_tile: Pixels, target: Tile, source: Tile) -> Contribution:
        """Wait, then compute."""
        time.sleep(self.delay_seconds)
        return self.inner.partial(source_tile, target, source)

    def partials(
        self, source_tile: Pixels, targets: Iterable[Tile], source: Tile
    ) -> Iterator[tuple[Tile, Contribution]]:
        """Wait half as long for each, then compute all of them together."""
        wanted = list(targets)
        time.sleep(self.delay_seconds / 2 * len(wanted))
        yield from self.inner.partials(source_tile, wanted, source)

    def combine(self, contributions: Iterable[Contribution]) -> Contribution:
        """Combine."""
        return self.inner.combine(contributions)

    def finish(self, contribution: Contribution, target: Tile) -> Pixels:
        """Finish."""
        return self.inner.finish(contribution, target)


class Bench:
    """A session, a warehouse, and scenes whose source tiles are there."""

    def __init__(self, spark: SparkSession, folder: Path, scenes: list[str], tile_size: int, delays: float) -> None:
        self._spark, self._scenes, self._delays = spark, scenes, delays
        self._warehouse = Warehouse.at(folder)
        self.last: dict[str, Reconstructed] = {}
        source = self._warehouse.table("source_tiles")
        plan = plan_scene(spark.sparkContext, SceneCatalogue(",".join(scenes)).lookup(), tile_size)
        for outcome in commit_partitions(spark, source, scenes, in_one_stage(spark, plan, read_scene)):
            if outcome.error is not None:
                raise outcome.error

    def seconds(self, strategy: str) -> float:
        """Reconstruct all scenes by one strategy, from planning to commit."""
        source, tiles = self._warehouse.table("source_tiles"), self._warehouse.table("reconstructed_tiles")
        options, delays = ReconstructionOptions("clip_and_sum", strategy=strategy), self._delays
        chosen = create_reconstruction("clip_and_sum")

        def compute(target: Table, scene: str, rows: RowCounter) -> tuple[DataFile, ...]:
            context, tables = self._spark.sparkContext, (source, target)
            if delays:
                slow = SlowReconstruction(chosen, delays * PARTIAL_SECONDS)
                opened = lambda root, addresses: SlowReader(  # noqa: E731
                    root, addresses, delay_seconds=delays * READ_SECONDS
                )
                found = reconstruct_scene(context, tables, scene, options, rows, opened, slow)
            else:
                found = reconstruct_scene(context, tables, scene, options, rows)
            self.last[strategy] = found
            return found.files

        started = time.perf_counter()
        for outcome in commit_partitions(self._spark, tiles, self._scenes, compute):
            if outcome.error is not None:
                raise outcome.error
        return time.perf_counter() - started


def compare(bench: Bench, runs: int, console: Console, title: str) -> dict[str, Any]:
    """Measure all strategies in turns and print a table."""
    bench.seconds("partial")  # starts the workers
    measured = interleaved({name: partial(bench.seconds, name) for name in STRATEGY_NAMES}, runs, console)
    results, rows = {}, []
    for name, seconds in measured.items():
        found = bench.last[name]
        ratio = ratios(measured["naive"], seconds)
        results[name] = {
            "seconds": Spread.of(seconds).as_json(),
            "naive_over_this": ratio.as_json(),
            "reads_of_a_source_at_most": max(found.reads.values()),
            "exchanged_mib": round(found.exchanged_bytes / 2**20, 1),
        }
        row = results[name]
        rows.append((name, Spread.of(seconds), ratio, row["reads_of_a_source_at_most"], row["exchanged_mib"]))
    print_table(console, title, ["strategy", "seconds", "naive / this", "reads at most", "exchanged MiB"], rows)
    return results


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="The three strategies, with the delays of the study and without.")
    parser.add_argument("--runs", type=int, default=3, help="rounds of the runs without delays")
    parser.add_argument("--delay-scale", type=float, default=1.0, help="0 leaves the runs with delays out")
    parser.add_argument("--scene", default="generated_12000x12000x4_int16_seed7")
    parser.add_argument("--tile-size", type=int, default=2000)
    parser.add_argument("--work-dir", type=Path)
    arguments = parser.parse_args()
    console, results = open_console(), {}
    with work_folder(arguments) as folder:
        if arguments.delay_scale:
            spark = start_session(SparkOptions(master=f"local[{STUDY_TASKS}]"))
            side = 3 * STUDY_TILE
            scenes = [f"generated_{side}x{side}x4_int16_seed{seed}" for seed in (1, 2)]
            bench = Bench(spark, folder / "study", scenes, STUDY_TILE, arguments.delay_scale)
            results["with_delays"] = compare(bench, 1, console, f"2 scenes of 3 x 3 tiles, {STUDY_TASKS} tasks at once")
            spark.stop()
        spark = start_session(SparkOptions(master=f"local[{cores()}]"))
        bench = Bench(spark, folder / "large", [arguments.scene], arguments.tile_size, 0.0)
        results["without_delays"] = compare(bench, arguments.runs, console, arguments.scene)
        spark.stop()
    write_report("scenes_strategies", vars(arguments), results, console)


if __name__ == "__main__":
    main()
