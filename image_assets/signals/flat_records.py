"""Flat binary records, the format of Thunder 0.x: one record per voxel, its place and its series.

A folder holds `conf.json` and one or more .bin files of equal records: `nkeys` little-endian keys, then `nvalues`
values. The keys count the image row (y), the image column (x) and the plane (z), from 0; `dims` gives their numbers in
the same order. The order of the records does not matter.
"""

import json
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from image_assets.errors import SourceError
from image_assets.signals.arrays import Block, Integers
from image_assets.signals.recording import Frame

DESCRIPTION = "conf.json"
_CHUNK_BYTES = 64 * 2**20


@dataclass(frozen=True)
class FlatRecords:
    """A folder of flat binary records.

    Reading one time point touches every record, so time points are read in chunks of 64 MiB.

    Attributes:
        paths: The .bin files.
        n_keys: 3 for (y, x, z), 2 for (y, x).
        key_type: dtype of the keys.
        n_times: Values per record.
        value_type: dtype of the values.
        shape: (z, y, x).
    """

    paths: tuple[Path, ...]
    n_keys: int
    key_type: str
    n_times: int
    value_type: str
    shape: tuple[int, int, int]

    @classmethod
    def from_folder(cls, folder: Path) -> "FlatRecords":
        """Read the description of a folder.

        Raises:
            SourceError: If the description is missing, incomplete, or does not fit the sizes of the files.
        """
        conf = _description(folder / DESCRIPTION)
        try:
            rows, columns, planes = (*(int(n) for n in conf["dims"]), 1)[:3]
            records = cls(
                paths=tuple(sorted(folder.glob("*.bin"))),
                n_keys=int(conf["nkeys"]),
                key_type=_little_endian(conf.get("keytype") or conf["keyformat"]),
                n_times=int(conf["nvalues"]),
                value_type=_little_endian(conf.get("valuetype") or conf["format"]),
                shape=(planes, rows, columns),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SourceError(
                f"{folder / DESCRIPTION}: {type(error).__name__}: {error}; it needs dims (rows, columns, "
                "planes), nkeys, keytype (or keyformat), nvalues and valuetype (or format)"
            ) from error
        records._check_sizes(folder)
        return records

    def frames(self) -> tuple[Frame, ...]:
        """List the time points that the description promises."""
        dtype = np.dtype(self.value_type).name
        return tuple(Frame(t, f"record value {t}", self.shape, dtype) for t in range(self.n_times))

    @contextmanager
    def reader(self) -> Iterator[Callable[[int], Block]]:
        """Return the function from a time to its volume.

        Raises:
            SourceError: If the keys do not name every voxel exactly once.
        """
        files = [np.memmap(path, dtype=self._record_type, mode="r") for path in self.paths]
        voxels = self._voxels([np.asarray(file["keys"]) for file in files])
        n_voxels = math.prod(self.shape)
        value_type = np.dtype(self.value_type).newbyteorder("=")
        n_chunk = max(1, _CHUNK_BYTES // (n_voxels * value_type.itemsize))
        chunk, chunk_start = np.empty((0, n_voxels), dtype=value_type), 0

        def volume_at(t: int) -> Block:
            nonlocal chunk, chunk_start
            if not chunk_start <= t < chunk_start + len(chunk):
                values = np.concatenate([file["values"][:, t : t + n_chunk] for file in files])
                chunk, chunk_start = np.empty((values.shape[1], n_voxels), dtype=value_type), t
                chunk[:, voxels] = values.T
            volume: Block = chunk[t - chunk_start].reshape(self.shape)
            return volume

        yield volume_at

    @property
    def _record_type(self) -> np.dtype[np.void]:
        return np.dtype([("keys", self.key_type, (self.n_keys,)), ("values", self.value_type, (self.n_times,))])

    def _check_sizes(self, folder: Path) -> None:
        size, record = sum(path.stat().st_size for path in self.paths), self._record_type.itemsize
        if self.n_keys not in {2, 3} or size != record * math.prod(self.shape):
            raise SourceError(
                f"{folder}: {len(self.paths)} .bin files of {size} bytes in all; {DESCRIPTION} promises "
                f"{math.prod(self.shape)} records of {record} bytes with 2 or 3 keys ({self.n_keys})"
            )

    def _voxels(self, keys_of_files: list[Block]) -> Integers:
        keys = np.concatenate(keys_of_files).astype(np.int64)
        rows, columns, *planes = keys.T
        plane = planes[0] if planes else np.zeros_like(rows)
        coordinates = np.stack([plane, rows, columns])
        limits = np.array(self.shape)[:, np.newaxis]
        if ((coordinates < 0) | (coordinates >= limits)).any():
            raise SourceError(f"{self.paths[0].parent}: a key lies outside the dims (rows, columns, planes)")
        voxels: Integers = np.ravel_multi_index(tuple(coordinates), self.shape).astype(np.int64)
        if len(np.unique(voxels)) != math.prod(self.shape):
            raise SourceError(f"{self.paths[0].parent}: the keys do not name every voxel exactly once")
        return voxels


def _description(path: Path) -> dict[str, Any]:
    try:
        conf = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} is no readable JSON description: {error}") from error
    if not isinstance(conf, dict):
        raise SourceError(f"{path}: expected a JSON object, found {type(conf).__name__}")
    return conf


def _little_endian(name: str) -> str:
    dtype = np.dtype(name)
    if dtype.kind not in "iuf":
        raise ValueError(f"{name} is no number type")
    return dtype.newbyteorder("<").str
