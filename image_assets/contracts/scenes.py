"""The tables of the chain of scenes, partitioned by scene."""

import pyarrow as pa

from image_assets.contracts.columns import column

SCENE_COLUMN = "scene"

TILE_KEY_FIELDS: tuple[pa.Field, ...] = (
    column(SCENE_COLUMN, pa.string(), "Partition: the scene that the tile is of."),
    column("x", pa.int32(), "Column of the tile in the grid of the scene, from 0.", nullable=False),
    column("y", pa.int32(), "Row of the tile in the grid of the scene, from 0.", nullable=False),
    column("width", pa.int32(), "Width of the tile in pixels.", nullable=False),
    column("height", pa.int32(), "Height of the tile in pixels.", nullable=False),
)
TILE_KEY_COLUMNS: tuple[str, ...] = tuple(field.name for field in TILE_KEY_FIELDS)

_PIXEL_FIELDS: tuple[pa.Field, ...] = (
    column("channels", pa.int32(), "Values per pixel."),
    column("dtype", pa.string(), "Kind of the values, such as uint8."),
    column("pixels", pa.binary(), "The pixels, compressed without loss; see image_assets.tiles.codec."),
)

_STATISTICS_FIELDS: tuple[pa.Field, ...] = (
    column("mean", pa.float64(), "Mean over all pixels and channels."),
    column("std", pa.float64(), "Population standard deviation."),
    column("minimum", pa.float64(), "Smallest value."),
    column("maximum", pa.float64(), "Largest value."),
    column("brightest_row", pa.int64(), "Row of the brightest point in the scene, in pixels from its top."),
    column("brightest_column", pa.int64(), "Column of the brightest point in the scene, in pixels from its left."),
)

SOURCE_TILES = pa.schema([*TILE_KEY_FIELDS, *_PIXEL_FIELDS])

RECONSTRUCTED_TILES = pa.schema(
    [
        *TILE_KEY_FIELDS,
        column("reconstruction", pa.string(), "Name and parameters of the reconstruction."),
        *_STATISTICS_FIELDS,
        *_PIXEL_FIELDS,
    ]
)

TILE_STATISTICS = pa.schema(
    [
        *TILE_KEY_FIELDS,
        column("reconstruction", pa.string(), "Reconstruction of the tile that the statistics are of."),
        *_STATISTICS_FIELDS,
    ]
)

SCENE_PREVIEW = pa.schema(
    [
        column(SCENE_COLUMN, pa.string(), "Partition: the scene."),
        column("of", pa.string(), "source_tiles or reconstructed_tiles."),
        column("width", pa.int32(), "Width of the scene in pixels."),
        column("height", pa.int32(), "Height of the scene in pixels."),
        column("scale", pa.int32(), "Pixels of the scene per pixel of the picture, in each direction."),
        column("picture", pa.binary(), "The whole scene in small, as a PNG file."),
    ]
)

RECONSTRUCTED_SCENE = pa.schema(
    [
        column(SCENE_COLUMN, pa.string(), "Partition: the scene."),
        column("path", pa.string(), "The TIFF file, relative to the root of the warehouse."),
        column("width", pa.int32(), "Width in pixels."),
        column("height", pa.int32(), "Height in pixels."),
        column("channels", pa.int32(), "Values per pixel."),
        column("dtype", pa.string(), "Kind of the values."),
        column("levels", pa.int32(), "Levels of the pyramid, the full size included."),
        column("bigtiff", pa.bool_(), "Whether the file is a BigTIFF."),
        column("size_bytes", pa.int64(), "Size of the file."),
        column("reconstruction", pa.string(), "Name and parameters of the reconstruction."),
    ]
)

SCENE_TABLES: dict[str, pa.Schema] = {
    "source_tiles": SOURCE_TILES,
    "reconstructed_tiles": RECONSTRUCTED_TILES,
    "tile_statistics": TILE_STATISTICS,
    "scene_preview": SCENE_PREVIEW,
    "reconstructed_scene": RECONSTRUCTED_SCENE,
}

TILE_TABLES = frozenset({"source_tiles", "reconstructed_tiles"})
"""Tables of which a row is read by itself: each is a row group of its own."""
