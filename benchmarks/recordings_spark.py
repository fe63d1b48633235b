"""The recordings chain on generated recordings of growing size: seconds per stage, cost per series, memory of all.

Each recording is written as an .npy array, then goes through frames, series and features as the assets do it, in one
Spark session. The features of some voxels are compared with those of the local face.

    python -m benchmarks.recordings_spark [--planes 1 2 4] [--side 512] [--frames 2000]
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyspark.sql import SparkSession

from benchmarks.harness.report import open_console, print_table, write_report
from benchmarks.harness.total_memory import TotalMemory
from image_assets.recordings.faces import open_images, open_series
from image_assets.recordings.features import compute_features, plan_features
from image_assets.recordings.frames import plan_frames, read_frames
from image_assets.recordings.options import RecordingOptions
from image_assets.recordings.pixel_series import join_series, plan_series
from image_assets.signals.local import Images, Series
from image_assets.signals.spectrum import fourier
from image_assets.signals.voxelwise import voxel_max, voxel_mean, voxel_min, voxel_std
from image_assets.spark.partitions import replace_partitions
from image_assets.spark.session import SparkOptions, start_session
from image_assets.warehouse.warehouse import Warehouse

PERIOD = 40
OPTIONS = RecordingOptions(period_frames=PERIOD)


LOCAL_BYTES = 2**30
"""The largest recording that also goes through one process."""


@dataclass(frozen=True)
class Measured:
    """What one recording took."""

    planes: int
    n_series: int
    source_mib: float
    seconds: dict[str, float]
    table_mib: dict[str, float]
    peak_mib: float
    peaks_mib: dict[str, float]
    local_seconds: dict[str, float]

    @property
    def microseconds_per_series(self) -> float:
        """Of series and features together."""
        return 1e6 * (self.seconds["pixel_series"] + self.seconds["series_features"]) / self.n_series


def write_recording(path: Path, shape: tuple[int, ...], seed: int = 0) -> None:
    """Write uint16 volumes [t, z, y, x]: a level per voxel, a response to the stimulus, noise of six bits."""
    generator = np.random.default_rng(seed)
    level = generator.integers(200, 4000, shape[1:], dtype=np.uint16)
    response = generator.integers(0, 200, shape[1:]).astype(np.float32)
    volumes = np.lib.format.open_memmap(path, "w+", np.uint16, shape)
    for t in range(shape[0]):
        wave = (response * np.float32(1 + np.sin(2 * np.pi * t / PERIOD))).astype(np.uint16)
        volumes[t] = level + wave + generator.integers(0, 64, shape[1:], dtype=np.uint16)
    volumes.flush()


def source_bytes(shape: tuple[int, ...]) -> int:
    """Return the size of a recording of uint16."""
    return int(np.prod(shape)) * 2


def stages(spark: SparkSession, warehouse: Warehouse, name: str, path: Path) -> dict[str, Callable[[], Any]]:
    """Return the stages in order, each as the asset of its name runs it."""
    plan = plan_frames(spark.sparkContext, {name: path}, lambda _: OPTIONS, 128)
    return {
        "recording_frames": lambda: (plan, read_frames),
        "pixel_series": lambda: (
            lambda recording: plan_series(open_images(spark, warehouse, recording), recording),
            join_series,
        ),
        "series_features": lambda: (
            lambda recording: plan_features(open_series(spark, warehouse, recording), recording, OPTIONS),
            compute_features,
        ),
    }


def measure(spark: SparkSession, folder: Path, shape: tuple[int, ...]) -> Measured:
    """Send one generated recording through the stages."""
    name = f"planes-{shape[1]}"
    path = folder / f"{name}.npy"
    write_recording(path, shape)
    warehouse = Warehouse.at(folder / "warehouse")
    seconds: dict[str, float] = {}
    sizes: dict[str, float] = {}
    with TotalMemory() as memory:
        for table, make in stages(spark, warehouse, name, path).items():
            started = time.perf_counter()
            plan, produce = make()
            (outcome,) = replace_partitions(spark, warehouse.table(table), [name], plan, produce)
            if outcome.error is not None:
                raise outcome.error
            seconds[table] = round(time.perf_counter() - started, 2)
            sizes[table] = round(sum(file.size for file in outcome.files) / 2**20, 1)
    check(warehouse, name, path)
    local = local_seconds(path) if source_bytes(shape) <= LOCAL_BYTES else {}
    n_series = int(np.prod(shape[1:]))
    source = path.stat().st_size / 2**20
    path.unlink()
    for table in sizes:
        shutil.rmtree(folder / "warehouse" / table)
    peaks = {kind: round(size, 0) for kind, size in memory.peaks_mib.items()}
    return Measured(shape[1], n_series, round(source), seconds, sizes, round(memory.peak_mib), peaks, local)


def local_seconds(path: Path) -> dict[str, float]:
    """Time series and features in one process on arrays in memory, with nothing written: what Spark's work adds to."""
    volumes = np.load(path)
    frequency = OPTIONS.frequency(len(volumes))
    assert frequency is not None

    def features(block: NDArray[Any]) -> NDArray[np.float64]:
        moments = [voxel_mean(block), voxel_std(block), voxel_min(block), voxel_max(block)]
        return np.column_stack([*moments, fourier(block, frequency)])

    started = time.perf_counter()
    series = Images(volumes).toseries().compute()
    turned = time.perf_counter()
    series.map(features).rows()
    return {
        "pixel_series": round(turned - started, 2),
        "series_features": round(time.perf_counter() - turned, 2),
    }


def check(warehouse: Warehouse, name: str, path: Path) -> None:
    """Compare the features of some voxels with those of the local face on the source: equal to the last bit."""
    volumes = np.load(path, mmap_mode="r")
    columns = ["z", "y", "x", "mean", "std", "coherence", "phase"]
    rows = warehouse.table("series_features").head(64, columns, [name]).to_pylist()
    keys = [(row["z"], row["y"], row["x"]) for row in rows]
    series = Series(np.stack([volumes[(slice(None), *key)] for key in keys]))
    frequency = OPTIONS.frequency(len(volumes))
    assert frequency is not None
    expected = [series.voxel_mean(), series.voxel_std()]
    np.testing.assert_array_equal(
        np.array([[row[column] for column in columns[3:5]] for row in rows]),
        np.stack([one.toarray() for one in expected], axis=1),
    )
    response = np.array([[row["coherence"], row["phase"]] for row in rows])
    np.testing.assert_allclose(response, series.fourier(frequency).toarray(), rtol=1e-12)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the arguments, measure, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--planes", type=int, nargs="+", default=[1, 2, 4], help="planes of each recording")
    parser.add_argument("--side", type=int, default=512, help="rows and columns of a plane")
    parser.add_argument("--frames", type=int, default=2000, help="time points")
    parser.add_argument("--master", default="local[*]", help="Spark master")
    parser.add_argument("--work-dir", type=Path, help="where recordings and tables go; a temporary folder by default")
    options = parser.parse_args(arguments)
    console = open_console()
    folder = options.work_dir or Path(tempfile.mkdtemp(prefix="image-assets-recordings-"))
    folder.mkdir(parents=True, exist_ok=True)
    spark = start_session(SparkOptions(master=options.master))
    found = []
    try:
        warm_up = (min(options.frames, 200), 1, 64, 64)
        measure(spark, folder, warm_up)
        for planes in options.planes:
            found.append(measure(spark, folder, (options.frames, planes, options.side, options.side)))
            console.print(f"[dim]{found[-1]}[/]", highlight=False)
    finally:
        spark.stop()
        if options.work_dir is None:
            shutil.rmtree(folder)
    tables = list(found[0].seconds)
    print_table(
        console,
        f"{options.frames} frames of {options.side} x {options.side} uint16",
        ["planes", "series", "MiB", *(f"{table} s" for table in tables), "us per series", "local s", "peak MiB of all"],
        [
            [
                str(one.planes),
                f"{one.n_series:,}",
                f"{one.source_mib:,.0f}",
                *(one.seconds[table] for table in tables),
                f"{one.microseconds_per_series:.1f}",
                round(sum(one.local_seconds.values()), 2) or None,
                f"{one.peak_mib:,.0f}",
            ]
            for one in found
        ],
    )
    results = {"recordings": [{**vars(one), "us_per_series": round(one.microseconds_per_series, 2)} for one in found]}
    write_report("recordings_spark", vars(options), results, console)


if __name__ == "__main__":
    main()
