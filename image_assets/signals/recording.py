"""A recording: which volumes there are at which times, and their values by time range.

What a file is, is the matter of `layouts`; here the frames are compared with each other. A frame that cannot be read
or that differs from the others in shape or dtype keeps its place, with the reason.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from image_assets.errors import SourceError
from image_assets.signals.arrays import Block
from image_assets.signals.errors import VolumeError
from image_assets.signals.records import Rows


@dataclass(frozen=True)
class Frame:
    """One time point of a recording.

    Attributes:
        t: Time, from 0.
        source: File (and page) that holds it, relative to the recording.
        shape: (z, y, x); None if it cannot be read.
        dtype: Such as `uint8`; None if it cannot be read.
        error: Why the volume is not usable; None if it is.
    """

    t: int
    source: str
    shape: tuple[int, ...] | None
    dtype: str | None
    error: str | None = None


class Layout(Protocol):
    """How a recording is stored. Layouts are small and picklable; they open files only where they are used."""

    def frames(self) -> tuple[Frame, ...]:
        """List the frames in order of time, from headers only."""
        ...

    def reader(self) -> AbstractContextManager[Callable[[int], Block]]:
        """Open the recording and return the function from a time to its volume [z, y, x]."""
        ...


@dataclass(frozen=True)
class Recording:
    """The frames of a recording and the shape and dtype that they share.

    Attributes:
        name: Where it was found, for people.
        layout: How it is stored.
        frames: All time points in order; `error` marks those that cannot be read or deviate.
        shape: (z, y, x) of the volumes.
        dtype: Of the volumes, such as `uint8`.
    """

    name: str
    layout: Layout
    frames: tuple[Frame, ...]
    shape: tuple[int, ...]
    dtype: str

    @classmethod
    def describe(cls, name: str, layout: Layout) -> "Recording":
        """List the frames of a recording; its shape and dtype are those of most of its readable frames.

        Raises:
            SourceError: If there is no frame, or none can be read.
        """
        frames = layout.frames()
        kinds = Counter((frame.shape, frame.dtype) for frame in frames if frame.shape and frame.dtype)
        if not kinds:
            reason = frames[0].error if frames else "no TIFF, PNG, .npy or flat binary file is there"
            raise SourceError(f"recording {name} has no readable frame: {reason}")
        (shape, dtype), _ = kinds.most_common(1)[0]
        recording = cls(name, layout, (), shape or (), dtype or "")
        return replace(recording, frames=tuple(recording._checked(frame) for frame in frames))

    @property
    def errors(self) -> tuple[Frame, ...]:
        """The frames that cannot be used."""
        return tuple(frame for frame in self.frames if frame.error)

    def read(self, start: int, stop: int) -> Iterator[tuple[Frame, Block | None]]:
        """Read the frames of a time range one by one.

        Args:
            start: First time.
            stop: Time after the last one.

        Yields:
            The frame and its volume [z, y, x] in native byte order; None instead of a volume that cannot be decoded
            or deviates, and then the frame says why.
        """
        with self.layout.reader() as volume_at:
            for frame in self.frames[start:stop]:
                if frame.error:
                    yield frame, None
                    continue
                try:
                    volume = volume_at(frame.t)
                except VolumeError as error:
                    yield replace(frame, error=str(error)), None
                    continue
                found = self._checked(replace(frame, shape=volume.shape, dtype=volume.dtype.name))
                yield found, None if found.error else volume

    def volumes(self, start: int, stop: int) -> Block:
        """Read a time range as one array [stop - start, z, y, x].

        Raises:
            SourceError: If a frame of the range cannot be used; names it and the reason.
        """
        result = np.empty((len(self.frames[start:stop]), *self.shape), dtype=self.dtype)
        for row, (frame, volume) in enumerate(self.read(start, stop)):
            if volume is None:
                raise SourceError(f"recording {self.name}, frame {frame.t} ({frame.source}): {frame.error}")
            result[row] = volume
        return result

    def _checked(self, frame: Frame) -> Frame:
        if frame.error or (frame.shape, frame.dtype) == (self.shape, self.dtype):
            return frame
        return replace(frame, error=f"is {frame.dtype} {frame.shape}; the other frames are {self.dtype} {self.shape}")


@dataclass(frozen=True)
class RecordingSource:
    """The volumes of a recording as records of the notebook face: `Images(RecordingSource(recording))`."""

    recording: Recording

    @property
    def grid(self) -> tuple[int, ...]:
        """(t,)."""
        return (self.n_records,)

    @property
    def n_records(self) -> int:
        """Number of time points."""
        return len(self.recording.frames)

    def read(self, start: int, stop: int) -> Rows:
        """Return volumes start .. stop - 1.

        Raises:
            SourceError: If one of them cannot be used.
        """
        return Rows(np.arange(start, stop)[:, np.newaxis], self.recording.volumes(start, stop))
