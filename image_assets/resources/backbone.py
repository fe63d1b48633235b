"""The network that computes features, and what runs it."""

from pathlib import Path
from typing import Literal

from dagster import ConfigurableResource
from pydantic import Field

from image_assets.fruits.cnn_features import BackboneOptions
from image_assets.vision.backbones.registry import Form
from image_assets.vision.engine import Device, EngineName, EngineOptions, Precision


class BackboneResource(ConfigurableResource):
    """A Keras model with ImageNet weights, exported once and run by a fast engine."""

    name: str = Field(default="efficientnet_lite0", description="Backbone; efficientnet_lite0 needs no weights file.")
    form: Literal["pooled", "flattened"] = Field(
        default="pooled", description="Features averaged over the picture, or all positions in row-major order."
    )
    weights_dir: str | None = Field(default=None, description="Folder with <backbone>.weights.h5 files.")
    weights_file: str | None = Field(default=None, description="Weights file of the backbone; wins over weights_dir.")
    engine: EngineName = Field(
        default="openvino", description="What runs the network; tensorflow is the slow reference."
    )
    device: Device = Field(default="cpu", description="Where the engine runs; cuda with onnxruntime or tensorflow.")
    batch_rows: int = Field(
        default=2, description="Frames that the engine takes at once; small batches stay in the cache."
    )
    precision: Precision = Field(
        default="float32",
        description="bfloat16, with openvino on processors that have it: faster, features differ by some percent.",
    )
    imagenet_top_k: int = Field(default=5, description="ImageNet classes that are kept of each picture.")

    def options(self, threads: int, form: Form | None = None) -> BackboneOptions:
        """Return the options as the computation takes them.

        Args:
            threads: of the engine, one per core of a task.
            form: another feature form than the configured one.
        """
        return BackboneOptions(
            name=self.name,
            form=form or self.form,
            weights_dir=None if self.weights_dir is None else Path(self.weights_dir),
            weights_file=None if self.weights_file is None else Path(self.weights_file),
            engine=EngineOptions(
                engine=self.engine,
                device=self.device,
                threads=threads,
                batch_rows=self.batch_rows,
                precision=self.precision,
            ),
        )
