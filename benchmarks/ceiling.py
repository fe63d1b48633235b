"""The stage `cnn_features` against the ceiling of its engine, both warm, in turns.

The stage reads stored frames with Spark, writes features and commits them. The ceiling is as many single-thread
processes as cores, with the same engine, graph and options, the frames already in memory, and nothing written.

    python -m benchmarks.ceiling [--images 3000] [--runs 3] [--backbones mobilenet_v2 efficientnet_lite0]
"""

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pyspark.sql import SparkSession
from rich.console import Console

from benchmarks.harness.agreement import DisagreementError
from benchmarks.harness.chain import Chain
from benchmarks.harness.engine_pool import EnginePool
from benchmarks.harness.machine import cores
from benchmarks.harness.measuring import Spread, interleaved, ratios
from benchmarks.harness.options import backbone_options, parser, work_folder
from benchmarks.harness.prepared import Prepared, prepare
from benchmarks.harness.report import open_console, print_table, write_report
from image_assets.fruits.decoded_frames import frame_pixels
from image_assets.spark.session import SparkOptions, start_session
from image_assets.warehouse.table import Table

STAGE, CEILING = "cnn_features", "engine alone"
SUMS_AGREE = 1e-5


@contextmanager
def frames_in_memory(table: Table) -> Iterator[Path]:
    """Write all frames of a table as one .npy file to a file system that is memory, if there is one."""
    memory = Path("/dev/shm")  # noqa: S108
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        path = Path(folder) / "frames.npy"
        n_frames = sum(found.rows for found in table.counts().values())
        pixels: np.memmap[Any, Any] | None = None
        row = 0
        for fruit_class in table.counts():
            for content in table.read(["frame"], [fruit_class])["frame"].to_pylist():
                frame = frame_pixels(content)
                if pixels is None:
                    pixels = np.lib.format.open_memmap(path, "w+", np.uint8, (n_frames, *frame.shape))
                pixels[row] = frame
                row += 1
        yield path


def check_sums(chain: Chain, expected: float) -> None:
    """Compare the sum of the stored features with that of the engine alone.

    Raises:
        DisagreementError: if they differ.
    """
    table = chain.warehouse.table("cnn_features").read(["features"])
    values = np.asarray(table["features"].combine_chunks().flatten(), np.float64)
    if abs(values.sum() / expected - 1) > SUMS_AGREE:
        raise DisagreementError(f"the stage's features sum up to {values.sum():.6g}, the engine's to {expected:.6g}")


def measure_backbone(
    arguments: argparse.Namespace, session: SparkSession, prepared: Prepared, folder: Path, console: Console
) -> dict[str, Any]:
    """Measure one network."""
    backbone = backbone_options(arguments)
    chain = Chain(session, prepared.source, prepared.new_warehouse(folder / arguments.backbone), backbone)
    chain.run("raw_images")
    chain.run("decoded_frames")
    with (
        frames_in_memory(chain.warehouse.table("decoded_frames")) as frames,
        EnginePool(prepared.graph_file, backbone.engine, frames, cores()) as pool,
    ):
        chain.run(STAGE)  # untimed: it warms the JVM
        check_sums(chain, pool.run().feature_sum)

        def stage() -> float:
            chain.warm_up()  # Spark ends workers that were idle for a minute
            return prepared.n_images / chain.run(STAGE).seconds

        ways: dict[str, Callable[[], float]] = {
            f"{arguments.backbone}: {STAGE}": stage,
            f"{arguments.backbone}: {CEILING}": lambda: prepared.n_images / pool.run().seconds,
        }
        staged, alone = interleaved(ways, arguments.runs, console).values()
    return {
        "images_per_second": Spread.of(staged).as_json(),
        "ceiling_images_per_second": Spread.of(alone).as_json(),
        "ratio": ratios(staged, alone).as_json(),
        "runs": {"stage": staged, "ceiling": alone},
    }


def measure(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Measure every network, print the table, and return what goes into the JSON."""
    results: dict[str, Any] = {}
    with work_folder(arguments) as folder:
        session = start_session(SparkOptions())
        for name in arguments.backbones:
            chosen = argparse.Namespace(**{**vars(arguments), "backbone": name})
            prepared = prepare(chosen, folder)
            results[name] = measure_backbone(chosen, session, prepared, folder, console)
        session.stop()
    rows = [
        (name, *(Spread(**found[key]) for key in ("images_per_second", "ceiling_images_per_second", "ratio")))
        for name, found in results.items()
    ]
    title = f"{prepared.n_images:,} images, {cores()} cores, {arguments.engine}, sessions warm"
    print_table(console, title, ["backbone", "stage, images/s", "engine alone, images/s", "ratio"], rows)
    return {"n_images": prepared.n_images, "processes": cores(), "backbones": results}


def options() -> argparse.ArgumentParser:
    """Return the parser of this benchmark."""
    result = parser(__doc__, images=3000, backbone=None, any_precision=True)
    result.add_argument("--backbones", nargs="+", default=["mobilenet_v2", "efficientnet_lite0"], help="networks")
    return result


def main() -> None:
    """Read the arguments, measure, write the report."""
    arguments = options().parse_args()
    console = open_console()
    write_report("ceiling", vars(arguments), measure(arguments, console), console)


if __name__ == "__main__":
    main()
