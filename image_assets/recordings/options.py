"""What is done with a recording: defaults of the project, and what a `recording.json` beside the volumes says instead.

`recording.json` lies in the folder of a recording, or is called `<name>.json` beside a recording that is one file. It
holds any of the fields of `RecordingOptions`.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from image_assets.errors import SourceError, WarehouseError
from image_assets.recordings.listing import sidecar_file
from image_assets.signals.chains import Chain
from image_assets.signals.errors import SignalError
from image_assets.warehouse.artifacts import Artifact, ArtifactStore

KIND, NAME = "recordings", "recordings"
"""Where the options that come with the recordings are kept in the warehouse."""

DEFAULT_PROJECTIONS = ("max_projection()", "mean()", "std()")
DEFAULT_CLUSTER_INPUT = "detrend('linear').normalize().filter(voxel_std > 0.05).zscore()"
PositiveFloat = Annotated[float, Field(gt=0)]
PositiveInt = Annotated[int, Field(ge=1)]


class RecordingOptions(BaseModel):
    """What is done with a recording.

    Attributes:
        planes: pages per volume of a multi-page file; other layouts know it.
        period_frames: frames of one period of the stimulus; None if there was none.
        signal: a value per time point, which series are correlated with.
        projections: operations on the images, as text (`signals.chains`).
        operations: operations on the series whose results `series_features` keeps.
        cluster_input: operations that select the series for the clustering and make them comparable.
        k: number of clusters.
        seed: of the clustering.
        n_init: starts of the clustering.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    planes: PositiveInt = 1
    period_frames: PositiveFloat | None = None
    signal: tuple[float, ...] | None = None
    projections: tuple[str, ...] = DEFAULT_PROJECTIONS
    operations: tuple[str, ...] = ()
    cluster_input: str = DEFAULT_CLUSTER_INPUT
    k: PositiveInt = 6
    seed: int = 42
    n_init: PositiveInt = 10

    @field_validator("projections", "operations", "cluster_input")
    @classmethod
    def _check_chains(cls, value: Any) -> Any:
        for text in (value,) if isinstance(value, str) else value:
            Chain(text).calls  # noqa: B018 - parsed, so that a wrong text fails where it stands
        return value

    def frequency(self, n_times: int) -> int | None:
        """Return the whole number of stimulus periods in a recording, None without a stimulus.

        Raises:
            SignalError: if fewer than one, or more than `fourier` can resolve, fit.
        """
        if self.period_frames is None:
            return None
        frequency = round(n_times / self.period_frames)
        if not 1 <= frequency < n_times // 2:
            raise SignalError(
                f"a stimulus period of {self.period_frames:g} frames is {frequency} periods in {n_times} frames: "
                f"expected 1 to {n_times // 2 - 1}; set period_frames in recording.json or "
                "IMAGE_ASSETS_RECORDING_PERIOD_FRAMES"
            )
        return frequency


def read_sidecar(path: Path) -> dict[str, Any]:
    """Return what a recording says of itself; nothing if it does not.

    Args:
        path: of the recording, a folder or a file.

    Raises:
        SourceError: if its `recording.json` is damaged or has values that cannot work.
    """
    file = sidecar_file(path)
    if not file.is_file():
        return {}
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        RecordingOptions.model_validate(content)
    except (OSError, ValueError) as error:
        raise SourceError(f"{file} does not describe a recording: {_reason(error)}") from error
    return dict(content)


def publish_options(store: ArtifactStore, own: dict[str, dict[str, Any]], stored: Iterable[str] = ()) -> str:
    """Keep what the recordings of a source say of themselves, by name, and return the digest.

    Args:
        store: of the warehouse.
        own: what each recording of the source says.
        stored: recordings that the tables hold: of those that the source does not have any more, what they said stays.
    """
    before = own_options(store)
    return store.publish(KIND, NAME, Artifact({}, {**{name: before[name] for name in stored if name in before}, **own}))


def own_options(store: ArtifactStore) -> dict[str, dict[str, Any]]:
    """Return what the recordings said of themselves when each was last listed, by name; nothing if none ever was."""
    return {} if store.resolve(KIND, NAME) is None else dict(store.latest(KIND, NAME)[1].metadata)


def options_of(store: ArtifactStore, recording: str, defaults: RecordingOptions) -> RecordingOptions:
    """Return the options of a recording: its own where it has any, else the defaults.

    Raises:
        WarehouseError: if the asset `recordings` was never materialized.
    """
    if store.resolve(KIND, NAME) is None:
        raise WarehouseError(f"the recordings of the source were never listed: materialize the asset {NAME} first")
    _, artifact = store.latest(KIND, NAME)
    return RecordingOptions.model_validate({**defaults.model_dump(), **artifact.metadata.get(recording, {})})


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
    return str(error)
