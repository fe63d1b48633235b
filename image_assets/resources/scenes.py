"""Where scenes come from and what is done with them, as a resource, so that a single run can change it."""

from typing import Literal

from dagster import ConfigurableResource
from pydantic import Field

from image_assets.resources.s3 import S3Storage
from image_assets.scenes.catalogue import SceneCatalogue
from image_assets.scenes.reconstruction import ReconstructionOptions
from image_assets.warehouse.parquet import MEBIBYTE


class SceneResource(ConfigurableResource):
    """Very large pictures and how their tiles are reconstructed."""

    address: str = Field(
        default="data/scenes", description="Folder, s3:// address or names of generated scenes, with commas."
    )
    tile_size: int = Field(default=1024, description="Side of a tile in pixels.")
    radius: int = Field(default=1, description="How many tiles away a reconstruction looks.")
    strategy: Literal["partial", "grouped_read", "naive"] = Field(
        default="partial", description="How source tiles reach the tiles that need them: same result, other cost."
    )
    reconstruction: str = Field(default="gaussian", description="Reconstruction of a tile from its neighbourhood.")
    parameters: dict[str, float] = Field(default={}, description="Parameters of the reconstruction.")
    pending_mib: int = Field(default=384, description="MiB of tiles that wait for neighbours in a worker.")
    decode_mib: int = Field(
        default=1024, description="MiB that are decoded at once where a format leaves no other way."
    )
    preview_size: int = Field(default=1024, description="Longest side of a preview in pixels.")

    s3: S3Storage | None = Field(default=None, description="How S3 is reached; as the settings say by default.")

    @property
    def catalogue(self) -> SceneCatalogue:
        """The scenes."""
        return SceneCatalogue(self.address, self.decode_mib * MEBIBYTE, None if self.s3 is None else self.s3.connection)

    @property
    def options(self) -> ReconstructionOptions:
        """The options as the computation takes them."""
        # The launchpad knows floating-point numbers only, and some parameters count pixels.
        parameters = {key: int(value) if float(value).is_integer() else value for key, value in self.parameters.items()}
        return ReconstructionOptions(
            self.reconstruction, dict(sorted(parameters.items())), self.strategy, self.radius, self.pending_mib
        )
