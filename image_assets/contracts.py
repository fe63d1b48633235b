"""The columns of every table: names, Arrow types and what they hold.

One Delta table per asset, partitioned by `fruit_class` in the fruits chain, by `scene` in the chain of scenes, by
`recording` in the chain of recordings. Descriptions travel as Arrow field metadata, from where the orchestration copies
them into the catalogue.
"""

import pyarrow as pa

PARTITION_COLUMN = "fruit_class"
SCENE_COLUMN = "scene"


def column(name: str, dtype: pa.DataType, description: str, *, nullable: bool = True) -> pa.Field:
    """Describe one column of a table."""
    return pa.field(name, dtype, nullable=nullable, metadata={"description": description})


def repetitive(field: pa.Field) -> pa.Field:
    """Mark a list column whose values repeat, as whole numbers do: files hold each value once and refer to it."""
    return field.with_metadata({**field.metadata, b"encoding": b"dictionary"})


KEY_FIELDS: tuple[pa.Field, ...] = (
    column("path", pa.string(), "Path of the picture relative to the source root, /-separated.", nullable=False),
    column(PARTITION_COLUMN, pa.string(), "Partition: the folder that holds the picture, white space as _."),
    column("label", pa.string(), "The class without the number of its variety."),
    column("split", pa.string(), "training or test."),
    column("content_sha256", pa.string(), "SHA-256 of the file, hexadecimal; null if it could not be read."),
)
KEY_COLUMNS: tuple[str, ...] = tuple(field.name for field in KEY_FIELDS)

RAW_IMAGES = pa.schema(
    [
        *KEY_FIELDS,
        column("modification_time", pa.timestamp("us", tz="UTC"), "When the file was last changed."),
        column("length", pa.int64(), "Size of the file in bytes."),
        column("content", pa.binary(), "The file as it is; null if it could not be read."),
        column("read_error", pa.string(), "Why the file could not be read; null if it was."),
    ]
)

DECODED_FRAMES = pa.schema(
    [
        *KEY_FIELDS,
        column("height", pa.int32(), "Height of the original in pixels."),
        column("width", pa.int32(), "Width of the original in pixels."),
        column("n_channels", pa.int32(), "Channels of the original."),
        column("mode", pa.string(), "Pillow mode of the original, such as RGB, L, P or CMYK."),
        column("frame", pa.binary(), "uint8 RGB pixels, row-major, frame_size x frame_size x 3; null on failure."),
        column("decode_error", pa.string(), "Why the picture could not be read or decoded; null if it was."),
    ]
)

CNN_FEATURES = pa.schema(
    [
        *KEY_FIELDS,
        column("backbone", pa.string(), "Backbone, feature form and weights digest that computed the features."),
        column("features", pa.list_(pa.float32()), "Features of the picture."),
    ]
)

REDUCED_FEATURES = pa.schema(
    [
        *KEY_FIELDS,
        column("projection", pa.string(), "Projection and its digest."),
        column("features", pa.list_(pa.float32()), "Projected features."),
    ]
)

PREDICTIONS = pa.schema(
    [
        *KEY_FIELDS,
        column("predicted_label", pa.string(), "The most probable class."),
        column("probability", pa.float32(), "Probability of the most probable class."),
        column("top_labels", pa.list_(pa.string()), "The most probable classes, best first."),
        column("top_probabilities", pa.list_(pa.float32()), "Their probabilities."),
    ]
)

IMAGENET_PREDICTIONS = pa.schema(
    [
        *KEY_FIELDS,
        column("backbone", pa.string(), "Backbone and weights digest that computed the scores."),
        column("wnids", pa.list_(pa.string()), "WordNet ids of the best classes, best first."),
        column("labels", pa.list_(pa.string()), "Names of the best classes."),
        column("scores", pa.list_(pa.float32()), "Softmax probabilities of the best classes."),
    ]
)

LABELLED_PICTURES = pa.schema(
    [
        *KEY_FIELDS,
        column("imagenet_label", pa.string(), "Name of the best ImageNet class."),
        column("score", pa.float32(), "Its softmax probability."),
        column("picture", pa.binary(), "The frame with label and score drawn on it, as a JPEG file."),
    ]
)

EVALUATION = pa.schema(
    [
        column("target", pa.string(), "What was predicted: fruit_class or label."),
        column("name", pa.string(), "The class or label."),
        column("support", pa.int64(), "Pictures of the test split that are of this class."),
        column("precision", pa.float64(), "Share of the pictures predicted as this class that are of it."),
        column("recall", pa.float64(), "Share of the pictures of this class that were predicted as it."),
        column("f1", pa.float64(), "Harmonic mean of precision and recall."),
    ]
)

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

SOURCE_TILES = pa.schema([*TILE_KEY_FIELDS, *_PIXEL_FIELDS])

RECONSTRUCTED_TILES = pa.schema(
    [
        *TILE_KEY_FIELDS,
        column("reconstruction", pa.string(), "Name and parameters of the reconstruction."),
        *_PIXEL_FIELDS,
    ]
)

TILE_STATISTICS = pa.schema(
    [
        *TILE_KEY_FIELDS,
        column("reconstruction", pa.string(), "Reconstruction of the tile that the statistics are of."),
        column("mean", pa.float64(), "Mean over all pixels and channels."),
        column("std", pa.float64(), "Population standard deviation."),
        column("minimum", pa.float64(), "Smallest value."),
        column("maximum", pa.float64(), "Largest value."),
        column("brightest_row", pa.int64(), "Row of the brightest point in the scene, in pixels from its top."),
        column("brightest_column", pa.int64(), "Column of the brightest point in the scene, in pixels from its left."),
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

NEAR_DUPLICATES = pa.schema(
    [
        column("kind", pa.string(), "Partition: exact (the same file) or near (features closer than the threshold)."),
        column("path", pa.string(), "The picture; of a near pair, one of the test split."),
        column("fruit_class", pa.string(), "Its class."),
        column("split", pa.string(), "Its split."),
        column("other_path", pa.string(), "The picture that it repeats, of the training split if there is one."),
        column("other_class", pa.string(), "That one's class."),
        column("other_split", pa.string(), "That one's split."),
        column("rank", pa.int32(), "1 for the nearest of the training pictures of a near pair, 2 for the next."),
        column("distance", pa.float32(), "Cosine distance of the features; 0 for the same file."),
    ]
)

RECORDING = "recording"
RECORDING_FIELD = column(RECORDING, pa.string(), "Partition: the name of the recording.")
VOXEL_FIELDS: tuple[pa.Field, ...] = (
    RECORDING_FIELD,
    column("z", pa.int32(), "Plane of the voxel, from 0.", nullable=False),
    column("y", pa.int32(), "Row of the voxel in its plane, from 0.", nullable=False),
    column("x", pa.int32(), "Column of the voxel in its plane, from 0.", nullable=False),
)

RECORDING_FRAMES = pa.schema(
    [
        RECORDING_FIELD,
        column("t", pa.int32(), "Time point, from 0.", nullable=False),
        column("source", pa.string(), "File, and page in it, that holds the volume."),
        column("shape", pa.list_(pa.int32()), "(z, y, x) of the volume; null if it could not be read."),
        column("dtype", pa.string(), "Sample type, such as uint8; null if the volume could not be read."),
        column("volume", pa.binary(), "The samples in C order, little-endian; null if the volume cannot be used."),
        column("read_error", pa.string(), "Why the volume cannot be used: unreadable or unlike the others; else null."),
    ]
)

FRAME_PROJECTIONS = pa.schema(
    [
        RECORDING_FIELD,
        column("operation", pa.string(), "The operation, as it is called in the library.", nullable=False),
        column("t", pa.int32(), "Time point; null for results over all time points."),
        column("shape", pa.list_(pa.int32()), "Shape of the result."),
        column("dtype", pa.string(), "Type of its values."),
        column("pixels", pa.binary(), "The result in C order, little-endian."),
    ]
)

PIXEL_SERIES = pa.schema(
    [
        *VOXEL_FIELDS,
        column("dtype", pa.string(), "Sample type of the recording: the values are numbers of this type."),
        repetitive(column("series", pa.list_(pa.float64()), "Value of the voxel at each time point.")),
    ]
)

SERIES_FEATURES = pa.schema(
    [
        *VOXEL_FIELDS,
        column("mean", pa.float64(), "Mean over time."),
        column("std", pa.float64(), "Population standard deviation over time."),
        column("minimum", pa.float64(), "Smallest value."),
        column("maximum", pa.float64(), "Largest value."),
        column("coherence", pa.float64(), "Coherence at the stimulus; NaN for a constant voxel, null without period."),
        column("phase", pa.float64(), "Phase at the stimulus in [0, 2 pi) radians; null without period."),
        column("correlation", pa.float64(), "Pearson r with the given signal; NaN if constant, null without signal."),
        column(
            "operations",
            pa.map_(pa.string(), pa.list_(pa.float64())),
            "Result of each configured operation, by the text that it was configured with.",
        ),
    ]
)

SERIES_CLUSTERS = pa.schema(
    [
        *VOXEL_FIELDS,
        column("cluster", pa.int32(), "Number of the nearest centre; null where the series is not finite."),
        column("correlation", pa.float64(), "Pearson r of the series with that centre, 0 if constant."),
        column("selected", pa.bool_(), "Whether the voxel was among those that the centres were fitted to."),
    ]
)

TIME_COVARIANCE = pa.schema(
    [
        RECORDING_FIELD,
        column("t", pa.int32(), "Time point.", nullable=False),
        column("covariance", pa.list_(pa.float64()), "Covariance across voxels with each time point."),
    ]
)

RECORDING_TABLES: dict[str, pa.Schema] = {
    "recording_frames": RECORDING_FRAMES,
    "frame_projections": FRAME_PROJECTIONS,
    "pixel_series": PIXEL_SERIES,
    "series_features": SERIES_FEATURES,
    "series_clusters": SERIES_CLUSTERS,
    "time_covariance": TIME_COVARIANCE,
}

BLOB_TABLES = frozenset({"raw_images", "decoded_frames", "labelled_pictures", "recording_frames", "frame_projections"})
"""Tables whose rows are large: their row groups are kept small, so that tasks can share a file."""

ERROR_COLUMNS: dict[str, str] = {"raw_images": "read_error", "decoded_frames": "decode_error"}
"""Tables that keep a row for a picture that failed, and the column that says why."""

TABLES: dict[str, pa.Schema] = {
    "raw_images": RAW_IMAGES,
    "decoded_frames": DECODED_FRAMES,
    "cnn_features": CNN_FEATURES,
    "reduced_features": REDUCED_FEATURES,
    "predictions": PREDICTIONS,
    "imagenet_predictions": IMAGENET_PREDICTIONS,
    "labelled_pictures": LABELLED_PICTURES,
    "evaluation": EVALUATION,
    "near_duplicates": NEAR_DUPLICATES,
    **SCENE_TABLES,
    **RECORDING_TABLES,
}

PARTITION_COLUMNS: dict[str, str] = {
    "evaluation": "target",
    "near_duplicates": "kind",
    **dict.fromkeys(SCENE_TABLES, SCENE_COLUMN),
    **dict.fromkeys(RECORDING_TABLES, RECORDING),
}
"""Tables that are not partitioned by class."""
