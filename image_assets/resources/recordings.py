"""Where the recordings come from, and what is done with them."""

from pathlib import Path

from dagster import ConfigurableResource
from pydantic import Field

from image_assets.recordings.listing import find_recordings
from image_assets.recordings.options import DEFAULT_CLUSTER_INPUT, DEFAULT_PROJECTIONS, RecordingOptions, options_of
from image_assets.warehouse.warehouse import Warehouse


class RecordingsResource(ConfigurableResource):
    """A folder of recordings; a `recording.json` beside the volumes of one wins over what stands here."""

    address: str = Field(default="data/recordings", description="Folder of the recordings, a folder or file for each.")
    task_mib: int = Field(default=128, description="MiB of volumes that one task reads at most.")
    planes: int = Field(default=1, description="Pages per volume of recordings that are one multi-page file.")
    period_frames: float | None = Field(default=None, description="Frames of one period of the stimulus.")
    projections: list[str] = Field(default=list(DEFAULT_PROJECTIONS), description="Operations on the volumes.")
    operations: list[str] = Field(
        default=[], description="Operations on the series whose results series_features keeps."
    )
    cluster_input: str = Field(
        default=DEFAULT_CLUSTER_INPUT, description="Operations that select the series for the clustering."
    )
    k: int = Field(default=6, description="Number of clusters of series.")
    seed: int = Field(default=42, description="Seed of the clustering.")

    def paths(self) -> dict[str, Path]:
        """Return the path of each recording by its key.

        Raises:
            SourceError: if there is none.
        """
        return find_recordings(Path(self.address))

    @property
    def defaults(self) -> RecordingOptions:
        """The options of recordings that say nothing of themselves."""
        return RecordingOptions(
            planes=self.planes,
            period_frames=self.period_frames,
            projections=tuple(self.projections),
            operations=tuple(self.operations),
            cluster_input=self.cluster_input,
            k=self.k,
            seed=self.seed,
        )

    def options(self, warehouse: Warehouse, recording: str) -> RecordingOptions:
        """Return the options of a recording, its own first."""
        return options_of(warehouse.artifacts, recording, self.defaults)
