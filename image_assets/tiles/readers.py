"""Opening a scene, and reading its tiles in the order that decodes least.

| Source | Access | Decoded for one tile | Memory |
|---|---|---|---|
| generated | any window | the tile | the tile |
| TIFF, tiled or uncompressed | any window | the TIFF tiles that it touches | the tile, one TIFF tile |
| TIFF in compressed strips | row of tiles | the strips that it touches | the row of tiles, one strip |
| PNG | whole, downwards | the rows above and of it | the row of tiles |
| JPEG, interlaced or palette PNG, one compressed strip | whole | everything | the whole picture, within a limit |

What is written for a task on an executor: `read_tasks` on the driver says which tiles to read together, `open_scene`
and `read_tiles` on the executor read them, each row of tiles decoded once.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

from image_assets.errors import SourceError
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.geometry import Tile, TileGrid
from image_assets.tiles.jpeg_reader import JpegReader
from image_assets.tiles.png_reader import PngReader
from image_assets.tiles.png_rows import PNG_SIGNATURE
from image_assets.tiles.scene import Access, Pixels, SceneReader
from image_assets.tiles.tiff_reader import TiffReader

MAX_DECODED_BYTES = 1 << 30

_TIFF_SIGNATURES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG_SIGNATURE = b"\xff\xd8\xff"


def open_scene(source: str | Path | BinaryIO, max_decoded_bytes: int = MAX_DECODED_BYTES) -> SceneReader:
    """Open a scene: a file, an open seekable binary file, or the name of a generated scene.

    Args:
        source: Path, file, or a name such as `generated_6000x6000x1_uint8_seed7`.
        max_decoded_bytes: What may be decoded as a whole where the format leaves no other way.

    Raises:
        SourceError: The file cannot be read or is no TIFF, PNG or JPEG.
        SettingsError: The name describes no generated scene.
    """
    if isinstance(source, str) and source.startswith("generated_"):
        return GeneratedScene.from_name(source)
    if isinstance(source, str):
        source = Path(source)
    start = _first_bytes(source)
    if start.startswith(_TIFF_SIGNATURES):
        return TiffReader(source, max_decoded_bytes)
    if start == PNG_SIGNATURE:
        return PngReader(source, max_decoded_bytes)
    if start.startswith(_JPEG_SIGNATURE):
        return JpegReader(source, max_decoded_bytes)
    raise SourceError(
        f"{getattr(source, 'name', source)} begins with {start!r}; expected a TIFF, BigTIFF, PNG or JPEG: convert it"
    )


def read_tasks(grid: TileGrid, access: Access) -> Iterator[tuple[Tile, ...]]:
    """Yield the tiles of a scene in groups that one task should read, so that nothing is decoded twice."""
    if access is Access.WHOLE:
        yield tuple(grid.tiles())
        return
    for y in range(grid.rows):
        if access is Access.ROWS:
            yield grid.row(y)
        else:
            yield from ((tile,) for tile in grid.row(y))


def read_tiles(reader: SceneReader, tiles: Iterable[Tile]) -> Iterator[tuple[Tile, Pixels]]:
    """Yield tiles with their pixels; neighbours of one row are read as one band, where the scene is read by rows.

    Args:
        reader: The open scene.
        tiles: One group of `read_tasks`, in its order.

    Raises:
        SourceError: The tiles are not within the scene, or the file is damaged.
    """
    by_rows = reader.describe().access is not Access.WINDOWS
    for _, row in groupby(tiles, key=lambda tile: tile.y):
        members = list(row)
        if by_rows:
            yield from _read_band(reader, members)
        else:
            for tile in members:
                yield tile, reader.read_window(*tile.window)


def _read_band(reader: SceneReader, tiles: list[Tile]) -> Iterator[tuple[Tile, Pixels]]:
    first, last = tiles[0].window, tiles[-1].window
    band = first._replace(width=last.right - first.left)
    pixels = reader.read_window(*band)
    for tile in tiles:
        yield tile, pixels[tile.window.within(band)].copy()


def _first_bytes(source: Path | BinaryIO) -> bytes:
    if not isinstance(source, Path):
        start = source.read(8)
        source.seek(0)
        return start
    try:
        with source.open("rb") as file:
            return file.read(8)
    except OSError as error:
        raise SourceError(f"scene {source} cannot be read: {error.strerror}; check the source folder") from error
