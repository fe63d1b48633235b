"""Reconstruction and statistics of a scene of 60,000 x 60,000 pixels against plain loops over the same tiles.

Takes turns: one loop alone on the machine, one loop per core at once, the chain. Each goes through the whole scene from
the same table `source_tiles`. A loop alone has the caches, the memory and the clock of the whole machine; what a loop
does while the other cores work, too, is the most that anything can do per core.

    python -m benchmarks.scenes_throughput [--scene generated_60000x60000x1_uint8_seed7] [--tile-size 2000] [--runs 3]
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from pyspark.sql import SparkSession

from benchmarks.contestants.tile_loop import Share, import_libraries, run_loop
from benchmarks.harness.cpu_time import busy_seconds, cpu_seconds
from benchmarks.harness.machine import cores
from benchmarks.harness.measuring import Spread, interleaved, ratios
from benchmarks.harness.options import work_folder
from benchmarks.harness.report import open_console, print_table, write_report
from image_assets.scenes.catalogue import SceneCatalogue
from image_assets.scenes.reconstruction import ReconstructionOptions, reconstruct_scene
from image_assets.scenes.source_tiles import plan_scene, read_scene
from image_assets.scenes.tile_statistics import describe_scene_tiles
from image_assets.spark.partitions import Compute, commit_partitions, in_one_stage
from image_assets.spark.session import SparkOptions, start_session
from image_assets.warehouse.warehouse import Warehouse

LOOP, LOOPS, CHAIN = "one loop alone", "a loop per core, at once", "the chain"


class Speed(NamedTuple):
    """Megapixels per second of wall time and core used, and of CPU time; cores that other processes took meanwhile."""

    per_core: float
    per_cpu_second: float
    stages: dict[str, float]
    taken_by_others: float


@dataclass(frozen=True)
class Throughput:
    """A session, a scene whose source tiles are there, and the contestants."""

    spark: SparkSession
    folder: Path
    scene: str
    options: ReconstructionOptions
    megapixels: float

    @property
    def warehouse(self) -> Warehouse:
        """Where the tables are."""
        return Warehouse.at(self.folder / "warehouse")

    def loops(self, count: int) -> Speed:
        """Run loops at once, each over its share of the scene; the mean of their speeds."""
        address = str(self.folder / "warehouse")
        shares = [
            Share(address, self.scene, self.options, str(self.folder / f"loop-{index}.bin"), index, count)
            for index in range(count)
        ]
        with ProcessPoolExecutor(count, get_context("spawn"), initializer=import_libraries) as pool:
            runs = list(pool.map(run_loop, shares))
        return Speed(
            sum(run.megapixels / run.seconds for run in runs) / count,
            self.megapixels / sum(run.cpu_seconds for run in runs),
            {f"loop {index}": round(run.seconds, 2) for index, run in enumerate(runs)},
            (runs[0].busy_seconds - sum(run.cpu_seconds for run in runs)) / runs[0].seconds,
        )

    def chain(self) -> Speed:
        """Run both stages, each from planning to commit; workers have imported what the loops have."""
        self.spark.sparkContext.parallelize(range(cores()), cores()).foreachPartition(lambda _: import_libraries())
        source, tiles = self.warehouse.table("source_tiles"), self.warehouse.table("reconstructed_tiles")
        context = self.spark.sparkContext
        stages: dict[str, Compute] = {
            tiles.name: lambda target, scene, rows: (
                reconstruct_scene(context, (source, target), scene, self.options, rows).files
            ),
            "tile_statistics": describe_scene_tiles(self.spark, tiles),
        }
        cpu, busy = cpu_seconds(), busy_seconds()
        seconds = {name: self.stage(name, compute) for name, compute in stages.items()}
        cpu, busy, total = cpu_seconds() - cpu, busy_seconds() - busy, sum(seconds.values())
        return Speed(
            self.megapixels / total / cores(),
            self.megapixels / cpu,
            {name: round(value, 2) for name, value in seconds.items()},
            (busy - cpu) / total,
        )

    def stage(self, name: str, compute: Compute) -> float:
        """Run one stage and return its seconds."""
        started = time.perf_counter()
        (outcome,) = commit_partitions(self.spark, self.warehouse.table(name), [self.scene], compute)
        if outcome.error is not None:
            raise outcome.error
        seconds = time.perf_counter() - started
        self.warehouse.table(name).vacuum(0)  # what the round before has left
        return seconds


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="Reconstruction and statistics against plain loops.")
    parser.add_argument("--scene", default="generated_60000x60000x1_uint8_seed7")
    parser.add_argument("--tile-size", type=int, default=2000)
    parser.add_argument("--reconstruction", default="gaussian")
    parser.add_argument("--runs", type=int, default=3, help="rounds, of which the median counts")
    parser.add_argument("--work-dir", type=Path)
    arguments = parser.parse_args()
    console = open_console()
    with work_folder(arguments) as folder:
        spark = start_session(SparkOptions(master=f"local[{cores()}]"))
        entry_of = SceneCatalogue(arguments.scene).lookup()
        info = entry_of(arguments.scene).describe()
        options = ReconstructionOptions(arguments.reconstruction)
        bench = Throughput(spark, folder, arguments.scene, options, info.width * info.height / 1e6)
        plan = plan_scene(spark.sparkContext, entry_of, arguments.tile_size)
        bench.stage("source_tiles", in_one_stage(spark, plan, read_scene))
        contestants = {LOOP: lambda: bench.loops(1), LOOPS: lambda: bench.loops(cores()), CHAIN: bench.chain}
        measured = interleaved(contestants, arguments.runs, console)
        spark.stop()
    results: dict[str, Any] = {"megapixels": bench.megapixels, "cores": cores()}
    rows = []
    for name, speeds in measured.items():
        per_core = Spread.of([speed.per_core for speed in speeds])
        per_cpu = Spread.of([speed.per_cpu_second for speed in speeds])
        shares = [
            ratios([s.per_core for s in speeds], [s.per_core for s in measured[other]]) for other in (LOOP, LOOPS)
        ]
        by_cpu = ratios([s.per_cpu_second for s in speeds], [s.per_cpu_second for s in measured[LOOPS]])
        rows.append((name, per_core, per_cpu, *shares, by_cpu))
        results[name] = {
            "megapixels_per_second_and_core": per_core.as_json(),
            "megapixels_per_cpu_second": per_cpu.as_json(),
            "share_of_one_loop_alone": shares[0].as_json(),
            "share_of_loops_at_once": shares[1].as_json(),
            "share_of_loops_at_once_by_cpu_time": by_cpu.as_json(),
            "seconds": [speed.stages for speed in speeds],
            "cores_taken_by_others": [round(speed.taken_by_others, 2) for speed in speeds],
        }
        shown = f"{results[name]['seconds']}, others {results[name]['cores_taken_by_others']}"
        console.print(f"[dim]{name}: {shown}[/]", highlight=False)
    columns = ["", "Mpx/s and core", "Mpx/CPU s", "of one alone", "of one per core", "by CPU time"]
    print_table(console, arguments.scene, columns, rows)
    write_report("scenes_throughput", vars(arguments), results, console)


if __name__ == "__main__":
    main()
