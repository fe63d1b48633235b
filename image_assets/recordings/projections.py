"""Stage 2: what operations make of the volumes, a row per time point, or one row for all of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa

from image_assets.contracts import FRAME_PROJECTIONS
from image_assets.recordings.blocks import BlockTask
from image_assets.recordings.faces import SparkImages
from image_assets.recordings.frames import little_endian
from image_assets.signals.arrays import Block
from image_assets.signals.chains import Chain
from image_assets.signals.errors import SignalError
from image_assets.signals.records import Step, run_steps

Steps = tuple[Step, ...]


@dataclass(frozen=True)
class ProjectionTask:
    """A share of the volumes, and all that is to be made of each.

    Attributes:
        recording: its name.
        share: of the volumes.
        operations: text and steps of each operation.
    """

    recording: str
    share: BlockTask
    operations: tuple[tuple[str, Steps], ...]

    @property
    def rows(self) -> int:
        """One row per volume and operation."""
        return self.share.rows * len(self.operations)


@dataclass(frozen=True)
class FinishedProjection:
    """A result over all time points, which a reduction has computed.

    Attributes:
        recording: its name.
        operation: its text.
        values: the result.
    """

    recording: str
    operation: str
    values: Block

    @property
    def rows(self) -> int:
        """One row."""
        return 1


Projection = ProjectionTask | FinishedProjection


def plan_projections(images: SparkImages, recording: str, chains: Sequence[str]) -> list[Projection]:
    """Run the reductions among the operations, and divide the work of the others into tasks.

    The driver receives one volume per reduction.

    Args:
        images: volumes of the recording.
        recording: its name.
        chains: operations on images as text.

    Raises:
        SignalError: if an operation does not fit, or makes series of the volumes.
    """
    finished: list[Projection] = []
    mapped: dict[str, Steps] = {}
    for text in chains:
        result = Chain(text)(images)
        if not isinstance(result, SparkImages):
            if hasattr(result, "toimages"):
                raise SignalError(f"projection {text!r} makes series of the volumes: set it as an operation on series")
            finished.append(FinishedProjection(recording, text, result))
        elif result.source is images.source:
            mapped[text] = result.steps
        else:
            finished += [ProjectionTask(recording, share, ((text, ()),)) for share in result.tasks()]
    operations = tuple(mapped.items())
    tasks = [ProjectionTask(recording, share, operations) for share in images.tasks()] if operations else []
    return [*tasks, *finished]


def project(task: Projection) -> Iterator[pa.RecordBatch]:
    """Compute the rows of `frame_projections` of a task."""
    if isinstance(task, FinishedProjection):
        yield _batch(task.recording, task.operation, [None], task.values[None])
        return
    for rows in task.share.blocks():
        for text, steps in task.operations:
            found = run_steps(rows, steps)
            if len(found.keys):
                yield _batch(task.recording, text, found.keys[:, 0].tolist(), found.values)


def _batch(recording: str, operation: str, times: Sequence[int | None], values: Block) -> pa.RecordBatch:
    n = len(values)
    columns = [
        pa.array([recording] * n),
        pa.array([operation] * n),
        pa.array(times, pa.int32()),
        pa.array([list(values.shape[1:])] * n, pa.list_(pa.int32())),
        pa.array([values.dtype.name] * n),
        pa.array([little_endian(value) for value in values], pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=FRAME_PROJECTIONS)
