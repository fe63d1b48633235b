"""Single frames out of a table of millions: for contact sheets and the report."""

import io
from collections.abc import Collection, Iterable, Mapping

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
from PIL import Image

from image_assets.fruits.decoded_frames import frame_pixels
from image_assets.warehouse.table import Table

Frame = npt.NDArray[np.uint8]


def find_frames(frames: Table, wanted: Mapping[str, Collection[str]]) -> dict[str, Frame]:
    """Read some frames by their paths, uint8 [size, size, 3] each; those that are not there are left out.

    Of each row group the paths are read first, and its pixels (128 rows at most) if one of them is wanted.

    Args:
        frames: the table `decoded_frames`.
        wanted: paths by class.
    """
    found: dict[str, Frame] = {}
    for file in frames.files(wanted):
        missing = set(wanted[file.partition]) - set(found)
        if not missing:
            continue
        location = frames.root.join(file.path)
        with location.open_input() as source, pq.ParquetFile(source) as parquet:
            for group in range(parquet.num_row_groups):
                _find_in_group(parquet, group, missing, found)
    return found


def _find_in_group(parquet: pq.ParquetFile, group: int, missing: set[str], found: dict[str, Frame]) -> None:
    paths = parquet.read_row_group(group, columns=["path"])["path"].to_pylist()
    places = [place for place, path in enumerate(paths) if path in missing]
    if not places:
        return
    contents = parquet.read_row_group(group, columns=["frame"])["frame"].take(places).to_pylist()
    for place, content in zip(places, contents, strict=True):
        if content is not None:
            found[paths[place]] = frame_pixels(content)


def by_class(keys: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Group pairs of class and path."""
    grouped: dict[str, list[str]] = {}
    for fruit_class, path in keys:
        grouped.setdefault(fruit_class, []).append(path)
    return grouped


def jpeg(pixels: Frame, quality: int = 80) -> bytes:
    """Return pixels, uint8 [h, w, 3], as the bytes of a JPEG file."""
    sink = io.BytesIO()
    Image.fromarray(pixels).save(sink, "JPEG", quality=quality, optimize=True)
    return sink.getvalue()
