"""The network: its weights, the frames it takes, and the engine that runs it."""

from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from image_assets.diagnosis.finding import Finding
from image_assets.settings import Settings
from image_assets.vision.backbones.registry import Backbone, get_backbone
from image_assets.vision.backbones.weights import resolve_weights
from image_assets.vision.engine import EngineOptions, check_precision


def weights(settings: Settings) -> Finding:
    """Look for the weights of the backbone where a run would; nothing is downloaded."""
    backbone = get_backbone(settings.backbone)
    if backbone.input_size != settings.frame_size:
        return Finding(
            "weights",
            "fail",
            f"{backbone.name} takes frames of {backbone.input_size} pixels, set are {settings.frame_size}",
            f"set IMAGE_ASSETS_FRAME_SIZE={backbone.input_size}",
        )
    if _must_be_fetched(settings, backbone):
        remedy = (
            f"put {backbone.name}.weights.h5 into a folder and set IMAGE_ASSETS_WEIGHTS_DIR to it, if this machine has "
            "no network"
        )
        return Finding("weights", "warn", f"none of {backbone.name} here: the first run downloads them", remedy)
    found = resolve_weights(backbone, weights_file=settings.weights_file, weights_dir=settings.weights_dir)
    return Finding("weights", "ok", f"{backbone.name}: {found.path} (SHA-256 {found.sha256[:12]})")


def _must_be_fetched(settings: Settings, backbone: Backbone) -> bool:
    if settings.weights_file is not None or backbone.weights_source == "package":
        return False
    name = f"{backbone.name}.weights.h5"
    folders = [Path.home() / ".keras/models", *([settings.weights_dir] if settings.weights_dir else [])]
    return not any((folder / name).is_file() for folder in folders)


def engine(settings: Settings) -> Finding:
    """Look for the package of the engine, whichever distribution it comes with, and for what it needs."""
    if find_spec(settings.engine) is None:
        remedy = "run make setup, or set IMAGE_ASSETS_ENGINE to another engine"
        return Finding("engine", "fail", f"the package {settings.engine} is not installed", remedy)
    options = EngineOptions(settings.engine, settings.device, precision=settings.engine_precision)
    check_precision(options)
    precision = "" if options.precision == "float32" else f" in {options.precision}"
    return Finding("engine", "ok", f"{version_of(options.engine)} on {options.device}{precision}")


def version_of(module: str) -> str:
    """Return a module that can be imported with its version, and the name of its distribution where that is another."""
    names = packages_distributions().get(module, [])
    if not names:
        return f"{module} of unknown version"
    name = module if module in names else names[0]
    return f"{module} {version(name)}" + ("" if name == module else f" ({name})")
