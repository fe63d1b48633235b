"""The options that all benchmarks have, and where pictures and weights are found."""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from image_assets.fruits.cnn_features import BackboneOptions
from image_assets.vision.engine import EngineOptions

REPOSITORY = Path(__file__).parents[2]
SHARED = Path(os.environ.get("IMAGE_ASSETS_SHARED", REPOSITORY.parent / "shared"))
PHOTOGRAPHS = SHARED / "data" / "fruits-360"
WEIGHTS = Path(os.environ.get("IMAGE_ASSETS_WEIGHTS_DIR", SHARED / "weights"))


def parser(
    description: str | None,
    *,
    images: int | None,
    runs: int = 3,
    backbone: str | None = "mobilenet_v2",
    any_precision: bool = False,
) -> argparse.ArgumentParser:
    """Return a parser with the options that all benchmarks have, with the given defaults.

    Args:
        description: docstring of the benchmark, of which the first line is shown.
        images: None leaves the option out, for a benchmark with one of its own.
        runs: rounds.
        backbone: None leaves the option out, too.
        any_precision: whether there is an option for it; without, float32.
    """
    lines = (description or "").strip().splitlines()
    result = argparse.ArgumentParser(
        description=lines[0] if lines else None, formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    default_source = PHOTOGRAPHS if PHOTOGRAPHS.is_dir() else REPOSITORY / "data" / "fruits"
    result.add_argument("--source", type=Path, default=default_source, help="folder of pictures, a folder per class")
    if images is not None:
        result.add_argument("--images", type=int, default=images, help="how many of them")
    result.add_argument("--runs", type=int, default=runs, help="rounds, of which the median counts")
    if backbone is not None:
        result.add_argument("--backbone", default=backbone, help="network that computes the features")
    result.add_argument("--engine", default="openvino", help="what runs it: openvino or onnxruntime")
    result.set_defaults(precision="float32")
    if any_precision:
        result.add_argument("--precision", default="float32", help="in which: float32, or bfloat16 with openvino")
    result.add_argument("--weights-dir", type=Path, default=WEIGHTS, help="folder with <backbone>.weights.h5 files")
    result.add_argument("--work-dir", type=Path, help="where copies and tables go; a temporary folder by default")
    return result


def add_network(contestant: argparse.ArgumentParser) -> None:
    """Add the options of a contestant that `network` gives."""
    contestant.add_argument("--backbone", required=True)
    contestant.add_argument("--engine", default="openvino")
    contestant.add_argument("--precision", default="float32")
    contestant.add_argument("--weights-dir", type=Path)


def network(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the network that the arguments name and what runs it, as options of a contestant."""
    return {name: getattr(arguments, name) for name in ("backbone", "engine", "precision", "weights_dir")}


def backbone_options(arguments: argparse.Namespace) -> BackboneOptions:
    """Return the network that the arguments name, with one thread."""
    engine = EngineOptions(engine=arguments.engine, precision=arguments.precision)
    return BackboneOptions(name=arguments.backbone, weights_dir=arguments.weights_dir, engine=engine)


@contextmanager
def work_folder(arguments: argparse.Namespace) -> Iterator[Path]:
    """Make the folder for copies and tables; a temporary one is removed at the end."""
    if arguments.work_dir is not None:
        arguments.work_dir.mkdir(parents=True, exist_ok=True)
        yield arguments.work_dir.absolute()
        return
    with tempfile.TemporaryDirectory(prefix="image-assets-benchmark-") as folder:
        yield Path(folder)
