"""Series operations of `image_assets.signals` beside plain loops over series, on the same data in the same run.

The loops do per series what Thunder 1.x does in its local mode, and stand in for it. Results are compared before they
are timed. One process; set OMP_NUM_THREADS=1 to keep the linear algebra on one core as well.

    python benchmarks/series.py [--recording recording.npy] [--repeats 3] [--output benchmarks/results/series.json]
"""

import argparse
import json
import platform
import statistics
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from image_assets.signals.local import Images, Series
from image_assets.signals.voxelwise import voxel_std

FREQ, ORDER, WINDOW, PERCENTILE, THRESHOLD = 12, 5, 6, 20, 6
RESULTS = Path(__file__).parent / "results" / "series.json"

Array = NDArray[np.float64]
Volumes = NDArray[np.uint8]


@dataclass(frozen=True)
class Row:
    """One line of the result: medians in seconds."""

    operation: str
    n_series: int
    loop_seconds: float
    ours_seconds: float
    ratio: float


def loop_fourier(x: NDArray[np.uint8]) -> Array:
    """Coherence and phase of one series."""
    y = x - np.mean(x)
    spectrum = np.fft.fft(y)[: len(y) // 2]
    amplitude = 2 * np.abs(spectrum) / len(y)
    phase = -np.pi / 2 - np.angle(spectrum[FREQ])
    return np.array([amplitude[FREQ] / np.sqrt(np.sum(amplitude**2)), phase + 2 * np.pi if phase < 0 else phase])


def loop_zscore(x: NDArray[np.uint8]) -> Array:
    """One series in deviations from its mean."""
    return np.asarray((x - np.mean(x)) / np.std(x))


def loop_percentile(x: NDArray[np.uint8]) -> Array:
    """One series relative to its percentile."""
    baseline = np.percentile(x, PERCENTILE)
    return np.asarray((x - baseline) / (baseline + 0.1))


def loop_detrend(x: NDArray[np.uint8], order: int) -> Array:
    """One series without its polynomial but for the constant term."""
    times = np.arange(len(x))
    coefficients = np.polyfit(times, x, order)
    coefficients[-1] = 0
    return np.asarray(x - np.polyval(coefficients, times))


def loop_window_exact(x: NDArray[np.uint8]) -> Array:
    """One series relative to its running percentile."""
    half, n = WINDOW // 2, len(x)
    baseline = np.array([np.percentile(x[max(i - half, 0) : min(i + half + 1, n)], PERCENTILE) for i in range(n)])
    return np.asarray((x - baseline) / (baseline + 0.1))


def over_series(function: Callable[[NDArray[np.uint8]], Array], block: NDArray[np.uint8]) -> Callable[[], Array]:
    """Return the loop of a function over the series of a block."""
    return lambda: np.array([function(x) for x in block])


def generated(seed: int = 0) -> Volumes:
    """Return volumes of the size of the zebrafish recording, a third of the voxels constant."""
    generator = np.random.default_rng(seed)
    level = generator.uniform(25, 160, size=(2, 76, 87))
    spread = np.where(generator.random(level.shape) < 0.36, 0, generator.gamma(1.5, 3, size=level.shape))
    wave = np.sin(2 * np.pi * FREQ * np.arange(240) / 240)[:, None, None, None]
    volumes = level + spread * (wave + generator.normal(0, 0.7, size=(240, *level.shape)))
    return np.clip(volumes, 0, 255).astype(np.uint8)


def comparisons(volumes: Volumes) -> list[tuple[str, int, Callable[[], Array], Callable[[], Array]]]:
    """Return name, number of series, the loop and our operation."""
    series = Images(volumes).toseries().compute()
    block = series.rows().values
    active: Series = series.filter(lambda values: voxel_std(values) > THRESHOLD).compute()
    chosen = active.rows().values
    images = Images(volumes)
    return [
        ("toseries", len(block), lambda: np.ascontiguousarray(np.moveaxis(volumes, 0, -1)).reshape(-1, len(volumes)),
         lambda: images.toseries().rows().values),
        ("images.std", len(block), lambda: volumes.std(axis=0), images.std),
        ("filter by std", len(block), lambda: np.array([x for x in block if x.std() > THRESHOLD]),
         lambda: series.filter(lambda values: voxel_std(values) > THRESHOLD).rows().values),
        ("fourier", len(block), over_series(loop_fourier, block), lambda: series.fourier(freq=FREQ).rows().values),
        ("normalize percentile", len(block), over_series(loop_percentile, block),
         lambda: series.normalize(perc=PERCENTILE).rows().values),
        ("zscore", len(block), over_series(loop_zscore, block), lambda: series.zscore().rows().values),
        ("detrend linear", len(block), over_series(lambda x: loop_detrend(x, 1), block),
         lambda: series.detrend("linear").rows().values),
        ("detrend order 5", len(block), over_series(lambda x: loop_detrend(x, ORDER), block),
         lambda: series.detrend("nonlinear", order=ORDER).rows().values),
        ("normalize window-exact", len(chosen), over_series(loop_window_exact, chosen),
         lambda: active.normalize("window-exact", window=WINDOW).rows().values),
    ]  # fmt: skip


def median_seconds(function: Callable[[], Array], repeats: int) -> float:
    """Time a function several times."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def check_agreement(name: str, loop: Array, ours: Array) -> None:
    """Stop unless both gave the same; the phase of a constant series is a convention that both share."""
    np.testing.assert_allclose(ours.reshape(loop.shape), loop, rtol=1e-9, atol=1e-9, err_msg=name)


def measure(volumes: Volumes, repeats: int) -> list[Row]:
    """Compare and time every operation, and print a line for each."""
    rows = []
    for name, n_series, loop, ours in comparisons(volumes):
        check_agreement(name, loop(), ours())
        slow, fast = median_seconds(loop, repeats), median_seconds(ours, repeats)
        rows.append(Row(name, n_series, round(slow, 5), round(fast, 5), round(slow / fast, 1)))
        print(f"{name:24} {n_series:7,} {slow:9.3f} {fast:9.4f} {slow / fast:8.1f}x", flush=True)
    return rows


def main() -> None:
    """Read the arguments, measure, write the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--recording", type=Path, help="an .npy array [t, z, y, x]; generated data without it")
    parser.add_argument("--repeats", type=int, default=3, help="runs of which the median counts")
    parser.add_argument("--output", type=Path, default=RESULTS, help="where the JSON goes")
    arguments = parser.parse_args()
    volumes = np.load(arguments.recording) if arguments.recording else generated()
    warnings.simplefilter("ignore", RuntimeWarning)  # divisions by the deviation of constant series, on purpose
    print(f"{volumes.dtype} {volumes.shape}, median of {arguments.repeats}")
    print(f"{'operation':24} {'series':>7} {'loop s':>9} {'ours s':>9} {'ratio':>9}")
    rows = measure(volumes, arguments.repeats)
    report = {
        "data": str(arguments.recording or "generated"),
        "shape": volumes.shape,
        "repeats": arguments.repeats,
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "rows": [asdict(row) for row in rows],
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
