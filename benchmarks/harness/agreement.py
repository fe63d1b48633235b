"""Whether contestants computed the same features."""

from pathlib import Path
from urllib.parse import unquote

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from image_assets.warehouse.table import Table

TOLERANCE = 1e-4
"""Largest difference relative to the mean absolute feature; engines differ by 1e-5, another way to resize by 1e-1."""
ALIGNED = 0.99
"""Smallest cosine between features of a picture in two precisions: bfloat16 has 0.994, two photographs mostly 0.75."""

Features = dict[str, npt.NDArray[np.float32]]


class DisagreementError(Exception):
    """Two contestants computed other features."""


def features_of_table(table: Table) -> Features:
    """Read paths and features of a table of the warehouse."""
    return _features(table.read(["path", "features"]), "")


def features_of_files(folder: Path, source: Path) -> Features:
    """Read paths and features of Parquet files; paths are absolute or addresses, and become relative to the source."""
    tables = [pq.read_table(file, columns=["path", "features"]) for file in sorted(folder.rglob("*.parquet"))]
    return _features(pa.concat_tables(tables, promote_options="permissive"), f"{source}/")


def _features(table: pa.Table, prefix: str) -> Features:
    paths = [unquote(path).split(prefix, 1)[-1] if prefix else path for path in table["path"].to_pylist()]
    values = np.asarray(table["features"].combine_chunks().flatten(), np.float32).reshape(len(paths), -1)
    return dict(zip(paths, values, strict=True))


def largest_difference(found: Features, expected: Features, who: str) -> float:
    """Return the largest difference between the features of two contestants, relative to the mean absolute feature.

    Raises:
        DisagreementError: if it is above `TOLERANCE`, or the pictures are not the same.
    """
    ours, theirs = _matched(found, expected, who)
    difference = float(np.abs(ours - theirs).max() / np.abs(ours).mean())
    if difference > TOLERANCE:
        raise DisagreementError(f"{who} computed other features: they differ by {difference:.2g} of the mean")
    return difference


def smallest_cosine(found: Features, expected: Features, who: str) -> float:
    """Return the smallest cosine of the angle between the features of a picture by two contestants.

    Raises:
        DisagreementError: if it is below `ALIGNED`, or the pictures are not the same.
    """
    ours, theirs = _matched(found, expected, who)
    cosines = (ours * theirs).sum(axis=1) / (np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1))
    if cosines.min() < ALIGNED:
        raise DisagreementError(f"{who} computed other features: one has the cosine {cosines.min():.3f} to what it is")
    return float(cosines.min())


def _matched(found: Features, expected: Features, who: str) -> list[npt.NDArray[np.float32]]:
    if found.keys() != expected.keys():
        raise DisagreementError(f"{who} has {len(found)} pictures, expected {len(expected)}: {_some(found, expected)}")
    return [np.stack([features[path] for path in sorted(expected)]) for features in (expected, found)]


def _some(found: Features, expected: Features) -> str:
    return ", ".join(sorted(found.keys() ^ expected.keys())[:3])
