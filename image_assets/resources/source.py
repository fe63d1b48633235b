"""Where the pictures come from."""

from dagster import ConfigurableResource
from pydantic import Field

from image_assets.resources.s3 import S3Storage
from image_assets.vision.sources import ImageSource, open_source


class ImageSourceResource(ConfigurableResource):
    """A folder of pictures, a folder per class at any depth."""

    address: str = Field(default="data/fruits", description="Folder or s3:// address of the pictures.")
    task_mib: int = Field(default=128, description="MiB of pictures that one task reads at most.")

    s3: S3Storage | None = Field(default=None, description="How S3 is reached; as the settings say by default.")

    def open(self) -> ImageSource:
        """Return the source."""
        return open_source(self.address, None if self.s3 is None else self.s3.connection)
