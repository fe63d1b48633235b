"""The sample recording: generated neurons with known groups, a periodic stimulus, drift and noise.

Three groups follow the stimulus at different phases, a fourth fires at random times of its own. `truth.json` beside
the volumes says which voxel belongs to which group, so that a clustering can be checked.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SHAPE = (2, 28, 36)
N_TIMES = 60
PERIOD_FRAMES = 10
FREQUENCY = N_TIMES // PERIOD_FRAMES
PHASES = (0.5, 2.5, 4.5)
"""Radians by which groups 0, 1 and 2 lag the stimulus: sin(w t - phase). Group 3 does not follow it."""
N_GROUPS = len(PHASES) + 1
SEED = 20

TRUTH_FILE = "truth.json"
DESCRIPTION_FILE = "recording.json"
DESCRIPTION = {
    "period_frames": PERIOD_FRAMES,
    "k": N_GROUPS,
    "projections": ["max_projection()", "[:, 0].median_filter([1, 3, 3])", "mean()", "std()", "localcorr(2)"],
    "operations": ["normalize('percentile', perc=20)", "detrend('nonlinear', order=5).zscore()"],
}
"""What the recording tells the chain: the period of its stimulus, and what to compute of it."""
_CELL = 9
_RADIUS = 2.2
_BACKGROUND, _CONTRAST = 40.0, 30.0
_BLEACHING = 0.12
_DRIFT, _NOISE = 4.0, 1.5


@dataclass(frozen=True)
class Neuron:
    """A disc of voxels in one plane that share a time course.

    Attributes:
        group: 0 to 3.
        z: Plane.
        y: Row of the middle.
        x: Column of the middle.
        amplitude: Height of the response in grey levels.
    """

    group: int
    z: int
    y: int
    x: int
    amplitude: float


def place_neurons(seed: int = SEED) -> tuple[Neuron, ...]:
    """Return neurons that do not touch, one somewhere in each cell of a grid, their groups evenly mixed."""
    generator = np.random.default_rng(seed)
    n_planes, height, width = SHAPE
    cells = [(z, y, x) for z in range(n_planes) for y in range(height // _CELL) for x in range(width // _CELL)]
    groups = generator.permutation(np.arange(len(cells)) % N_GROUPS)
    # A disc reaches two voxels beyond its middle; one more keeps discs of neighbouring cells apart.
    middles = generator.integers(3, _CELL - 3, size=(len(cells), 2), endpoint=True)
    amplitudes = generator.uniform(9, 16, size=len(cells)).round(2)
    return tuple(
        Neuron(int(group), z, int(y * _CELL + dy), int(x * _CELL + dx), float(amplitude))
        for (z, y, x), group, (dy, dx), amplitude in zip(cells, groups, middles, amplitudes, strict=True)
    )


def generate(seed: int = SEED) -> NDArray[np.uint8]:
    """Return the volumes [t, z, y, x], uint8."""
    generator = np.random.default_rng([seed, 1])
    times = np.arange(N_TIMES)
    courses = _courses(generator)
    rows, columns = np.mgrid[: SHAPE[1], : SHAPE[2]]
    outline = np.exp(-(((rows - SHAPE[1] / 2) / SHAPE[1]) ** 2) * 4 - (((columns - SHAPE[2] / 2) / SHAPE[2]) ** 2) * 4)
    anatomy = np.broadcast_to(_BACKGROUND + _CONTRAST * outline, SHAPE)
    bleaching = 1 - _BLEACHING * times / N_TIMES
    drift = _DRIFT * np.sin(np.pi * times / N_TIMES)
    volumes = anatomy * bleaching[:, None, None, None] + drift[:, None, None, None]
    for neuron in place_neurons(seed):
        inside = _disc(neuron)
        volumes[:, inside] += neuron.amplitude * courses[neuron.group][:, None] + 25
    volumes += generator.normal(0, _NOISE, volumes.shape)
    return np.clip(np.rint(volumes), 0, 255).astype(np.uint8)


def write_recording(folder: Path, seed: int = SEED) -> None:
    """Write the volumes as multi-page TIFFs, one per time point, and the truth beside them.

    Args:
        folder: Created if absent; files of the same names are replaced.
        seed: Seed of the recording.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for t, volume in enumerate(generate(seed)):
        first, *rest = (Image.fromarray(plane) for plane in volume)
        first.save(folder / f"time{t:03d}.tif", save_all=True, append_images=rest)
    truth = {
        "seed": seed,
        "shape": SHAPE,
        "n_times": N_TIMES,
        "period_frames": PERIOD_FRAMES,
        "frequency": FREQUENCY,
        "phases": PHASES,
        "radius": _RADIUS,
        "neurons": [asdict(neuron) for neuron in place_neurons(seed)],
    }
    (folder / TRUTH_FILE).write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    (folder / DESCRIPTION_FILE).write_text(json.dumps(DESCRIPTION, indent=1) + "\n", encoding="utf-8")


def read_truth(folder: Path) -> NDArray[np.int64]:
    """Return the group of each voxel [z, y, x] from the truth beside a sample recording; -1 outside neurons."""
    truth = json.loads((folder / TRUTH_FILE).read_text(encoding="utf-8"))
    labels = np.full(tuple(truth["shape"]), -1, dtype=np.int64)
    for fields in truth["neurons"]:
        neuron = Neuron(**fields)
        labels[_disc(neuron)] = neuron.group
    return labels


def _courses(generator: np.random.Generator) -> NDArray[np.float64]:
    """Return the time course of each group, [groups, t], about -1 .. 1."""
    angle = 2 * np.pi * np.arange(N_TIMES) / PERIOD_FRAMES
    driven = np.sin(angle - np.array(PHASES)[:, None])
    events = np.zeros(N_TIMES)
    events[generator.choice(N_TIMES - 4, size=9, replace=False)] = 2.5
    spontaneous = np.convolve(events, np.exp(-np.arange(6) / 2.0))[:N_TIMES]
    return np.vstack([driven, np.clip(spontaneous, 0, 2.5) - 1])


def _disc(neuron: Neuron) -> NDArray[np.bool_]:
    planes, rows, columns = np.ogrid[: SHAPE[0], : SHAPE[1], : SHAPE[2]]
    near = (rows - neuron.y) ** 2 + (columns - neuron.x) ** 2 <= _RADIUS**2
    return np.asarray(near & (planes == neuron.z))


if __name__ == "__main__":
    write_recording(Path(__file__).resolve().parents[2] / "data" / "recordings" / "neurons")
