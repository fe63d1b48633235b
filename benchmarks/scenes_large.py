"""A scene of 60,000 x 60,000 pixels through reconstruction and statistics: memory, disk, and a plain loop beside it.

The plain loop is one process without Spark and without tables: it makes the window of a tile with its halo, applies the
same kernel, computes the same statistics and compresses the result as the table does. The chain reads source tiles from
their table, writes tiles, and reads them again for the statistics. One loop runs alone, and one per core at once, since
cores share caches and memory. A second figure of each leaves out how it comes to its pixels.

    python -m benchmarks.scenes_large [--scene generated_60000x60000x1_uint8_seed7] [--tile-size 2000]
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from threadpoolctl import threadpool_limits

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
from image_assets.tiles.codec import encode_pixels
from image_assets.tiles.geometry import TileGrid
from image_assets.tiles.neighbourhood import HaloFilter
from image_assets.tiles.readers import open_scene
from image_assets.tiles.statistics import tile_statistics
from image_assets.warehouse.warehouse import Warehouse

LOOP_TILES = 60
QUESTIONS = (
    "SELECT scene, count(*) FROM reconstructed_tiles_keys GROUP BY scene",
    "SELECT x, y FROM reconstructed_tiles_keys WHERE x > 25",
    "SELECT x, y, tile_statistics(picture).mean FROM reconstructed_tiles_keys WHERE x = 27",
    "SELECT x, y, tile_statistics(picture).mean FROM reconstructed_tiles_keys",
)


class LoopSpeed(NamedTuple):
    """Megapixels per second of a plain loop, with and without making its windows, and per CPU second."""

    with_reading: float
    without_reading: float
    per_cpu_second: float


def plain_loop(scene: str, tile_size: int, options: ReconstructionOptions) -> LoopSpeed:
    """Measure one process without Spark and tables, over a sample of tiles."""
    reader = open_scene(scene)
    info = reader.describe()
    grid = TileGrid(scene, info.width, info.height, tile_size)
    filtered = options.create()
    assert isinstance(filtered, HaloFilter)
    tiles = list(grid.tiles())[:: max(1, len(grid) // LOOP_TILES)]
    reading, computing, pixels, cpu = 0.0, 0.0, 0, 0.0
    for number, tile in enumerate(tiles):
        window = tile.halo_window(filtered.halo)
        started, cpu_before = time.perf_counter(), time.process_time()
        picture = reader.read_window(*window)
        read = time.perf_counter()
        result = filtered.apply(picture)[tile.window.within(window)]
        tile_statistics(result, tile)
        encode_pixels(result)
        if number:  # the first one imports scipy
            reading, computing = reading + read - started, computing + time.perf_counter() - read
            cpu += time.process_time() - cpu_before
            pixels += tile.window.area
    megapixels = pixels / 1e6
    return LoopSpeed(megapixels / (reading + computing), megapixels / computing, megapixels / cpu)


def loops_at_once(processes: int, scene: str, tile_size: int, options: ReconstructionOptions) -> LoopSpeed:
    """Return what one of several loops at once does, on average; each has one thread."""
    with ProcessPoolExecutor(processes, get_context("spawn"), initializer=_one_thread) as pool:
        speeds = list(pool.map(plain_loop, *zip(*[(scene, tile_size, options)] * processes, strict=True)))
    return LoopSpeed(*(sum(values) / processes for values in zip(*speeds, strict=True)))


def _one_thread() -> None:
    threadpool_limits(1)


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
    parser = argparse.ArgumentParser(description="A very large scene through the chain, against a plain loop.")
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
    """Run the loops and the stages."""
    before = [loops_at_once(number, arguments.scene, arguments.tile_size, options) for number in (1, cores())]
    warehouse = Warehouse.at(folder / "warehouse")
    spark = start_session(SparkOptions(master=f"local[{cores()}]"))
    context = spark.sparkContext
    source, tiles = warehouse.table("source_tiles"), warehouse.table("reconstructed_tiles")
    stages = Stages(spark, warehouse, arguments.scene, console)
    plan = plan_scene(context, SceneCatalogue(arguments.scene), arguments.tile_size)
    stages.run("source_tiles", in_one_stage(spark, source, plan, read_scene))
    exchanged: dict[str, Any] = {}

    def reconstruct(scene: str, rows: Any) -> Any:
        found = reconstruct_scene(context, (source, tiles), scene, options, rows)
        exchanged.update(
            reads_at_most=max(found.reads.values()),
            reads=sum(found.reads.values()),
            exchanged_tiles=found.exchanged_tiles,
            exchanged_bytes=found.exchanged_bytes,
        )
        return found.files

    stages.run("reconstructed_tiles", reconstruct)
    stages.run("tile_statistics", describe_scene_tiles(spark, tiles, warehouse.table("tile_statistics")))
    light_keys = ask_keys(spark, warehouse)
    if arguments.all:
        preview = warehouse.table("scene_preview")
        stages.run("scene_preview", lambda s, rows: write_previews(context, [source, tiles], preview, s, 1024, rows))
        stages.run("reconstructed_scene", lambda s, rows: write_scene(context, warehouse, s, rows))
    spark.stop()
    after = [loops_at_once(number, arguments.scene, arguments.tile_size, options) for number in (1, cores())]
    alone, together = (
        LoopSpeed(*(sum(pair) / 2 for pair in zip(*speeds, strict=True))) for speeds in zip(before, after, strict=True)
    )
    info = open_scene(arguments.scene).describe()
    megapixels = info.width * info.height / 1e6
    counted = ("reconstructed_tiles", "tile_statistics")
    seconds = sum(stages.results[name]["seconds"] for name in counted)
    per_core = megapixels / seconds / cores()
    per_cpu_second = megapixels / sum(stages.results[name]["cpu_seconds"] for name in counted)
    return {
        "megapixels": megapixels,
        "stages": stages.results,
        **exchanged,
        "chain_mpx_per_second": round(megapixels / seconds, 1),
        "loop_alone_mpx_per_second": [round(speed, 1) for speed in alone],
        "loop_per_core_mpx_per_second": [round(speed, 1) for speed in together],
        "share_of_loop_alone": [round(per_core / speed, 3) for speed in alone[:2]],
        "share_of_loop_per_core": [round(per_core / speed, 3) for speed in together[:2]],
        "share_of_loops_by_cpu_time": round(per_cpu_second / together.per_cpu_second, 3),
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
