"""A scene of 60,000 x 60,000 pixels through the stages: seconds, memory, disk, and what questions about keys read.

How fast that is beside a plain loop: `benchmarks.scenes_throughput`.

    python -m benchmarks.scenes_large [--scene generated_60000x60000x1_uint8_seed7] [--tile-size 2000]
"""

import argparse
import time
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks.harness.cpu_time import cpu_seconds
from benchmarks.harness.machine import cores
from benchmarks.harness.options import work_folder
from benchmarks.harness.report import open_console, print_table, write_report
from benchmarks.harness.worker_memory import TotalWorkerMemory
from image_assets.scenes.catalogue import SceneCatalogue
from image_assets.scenes.preview import write_previews
from image_assets.scenes.reconstructed_scene import write_scene
from image_assets.scenes.reconstruction import ReconstructionOptions, reconstruct_scene
from image_assets.scenes.source_tiles import plan_scene, read_scene
from image_assets.scenes.tile_statistics import describe_scene_tiles
from image_assets.scenes.views import create_views
from image_assets.spark.partitions import Compute, commit_partitions, in_one_stage
from image_assets.spark.session import SparkOptions, start_session
from image_assets.spark.side_by_side import RowCounter
from image_assets.tiles.readers import open_scene
from image_assets.warehouse.parquet import DataFile
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

QUESTIONS = (
    "SELECT scene, count(*) FROM reconstructed_tiles_keys GROUP BY scene",
    "SELECT x, y FROM reconstructed_tiles_keys WHERE x > 25",
    "SELECT x, y, tile_statistics(picture).mean FROM reconstructed_tiles_keys WHERE x = 27",
    "SELECT x, y, tile_statistics(picture).mean FROM reconstructed_tiles_keys",
)


class Stages:
    """Runs stages and keeps seconds and bytes."""

    def __init__(self, spark: Any, warehouse: Warehouse, scene: str, console: Console) -> None:
        self._spark, self._warehouse, self._scene, self._console = spark, warehouse, scene, console
        self.results: dict[str, dict[str, Any]] = {}

    def run(self, name: str, compute: Compute) -> None:
        """Run one stage, from planning to commit, and watch the memory of the workers."""
        started, cpu = time.perf_counter(), cpu_seconds()
        with TotalWorkerMemory() as memory:
            (outcome,) = commit_partitions(self._spark, self._warehouse.table(name), [self._scene], compute)
        if outcome.error is not None:
            raise outcome.error
        self.results[name] = {
            "seconds": round(time.perf_counter() - started, 2),
            "cpu_seconds": round(cpu_seconds() - cpu, 2),
            "bytes": sum(file.size for file in outcome.files),
            "workers_resident_mib": round(memory.peak_mib),
            "largest_worker_mib": round(memory.peak_of_one_mib),
        }
        self._console.print(f"[dim]{name}: {self.results[name]}[/]", highlight=False)


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description="A very large scene through the chain.")
    parser.add_argument("--scene", default="generated_60000x60000x1_uint8_seed7")
    parser.add_argument("--tile-size", type=int, default=2000)
    parser.add_argument("--reconstruction", default="gaussian")
    parser.add_argument("--work-dir", type=Path)
    parser.add_argument("--all", action="store_true", help="also the previews and the pyramid file")
    arguments = parser.parse_args()
    console = open_console()
    options = ReconstructionOptions(arguments.reconstruction)
    with work_folder(arguments) as folder:
        results = measure(arguments, folder, options, console)
    megapixels = results["megapixels"]
    rows = [
        (name, found["seconds"], round(megapixels / found["seconds"], 1), found["workers_resident_mib"])
        for name, found in results["stages"].items()
    ]
    print_table(console, arguments.scene, ["stage", "seconds", "Mpx/s", "all workers, MiB"], rows)
    for key, value in results.items():
        if key != "stages":
            console.print(f"{key}: {value}", highlight=False)
    write_report("scenes_large", vars(arguments), results, console)


def measure(
    arguments: argparse.Namespace, folder: Path, options: ReconstructionOptions, console: Console
) -> dict[str, Any]:
    """Run the stages."""
    warehouse = Warehouse.at(folder / "warehouse")
    spark = start_session(SparkOptions(master=f"local[{cores()}]"))
    context = spark.sparkContext
    source = warehouse.table("source_tiles")
    stages = Stages(spark, warehouse, arguments.scene, console)
    plan = plan_scene(context, SceneCatalogue(arguments.scene).lookup(), arguments.tile_size)
    stages.run("source_tiles", in_one_stage(spark, plan, read_scene))
    exchanged: dict[str, Any] = {}

    def reconstruct(target: Table, scene: str, rows: RowCounter) -> tuple[DataFile, ...]:
        found = reconstruct_scene(context, (source, target), scene, options, rows)
        exchanged.update(
            reads_at_most=max(found.reads.values()),
            reads=sum(found.reads.values()),
            exchanged_tiles=found.exchanged_tiles,
            exchanged_bytes=found.exchanged_bytes,
        )
        return found.files

    stages.run("reconstructed_tiles", reconstruct)
    tiles = warehouse.table("reconstructed_tiles")
    stages.run("tile_statistics", describe_scene_tiles(spark, tiles))
    light_keys = ask_keys(spark, warehouse)
    if arguments.all:
        both = [source, tiles]
        stages.run("scene_preview", lambda table, s, rows: write_previews(context, both, table, s, 1024, rows))
        stages.run("reconstructed_scene", lambda table, s, rows: write_scene(context, warehouse, table, s, rows))
    spark.stop()
    info = open_scene(arguments.scene).describe()
    megapixels = info.width * info.height / 1e6
    return {
        "megapixels": megapixels,
        "stages": stages.results,
        **exchanged,
        "light_keys": light_keys,
        "disk_bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
    }


def ask_keys(spark: Any, warehouse: Warehouse) -> list[dict[str, Any]]:
    """Ask questions about keys and about the pictures of some tiles; count bytes and tiles."""
    size = sum(file.size for file in warehouse.table("reconstructed_tiles").files())
    answers = []
    for question in QUESTIONS:
        views = create_views(spark, warehouse)
        started = time.perf_counter()
        rows = len(spark.sql(question).collect())
        answers.append(
            {
                "question": question,
                "rows": rows,
                "seconds": round(time.perf_counter() - started, 2),
                "bytes_read": views.bytes_read,
                "share_of_table": round(views.bytes_read / size, 6),
                "tiles_computed": views.tiles_read,
            }
        )
    return answers


if __name__ == "__main__":
    main()
