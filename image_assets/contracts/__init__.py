"""The columns of every table: names, Arrow types and what they hold.

One Delta table per asset, partitioned by `fruit_class` in the fruits chain, by `scene` in the chain of scenes, by
`recording` in the chain of recordings. Descriptions travel as Arrow field metadata, from where the orchestration copies
them into the catalogue.
"""

import pyarrow as pa

from image_assets.contracts.fruits import (
    CNN_FEATURES,
    DECODED_FRAMES,
    EVALUATION,
    IMAGENET_PREDICTIONS,
    KEY_COLUMNS,
    KEY_FIELDS,
    LABELLED_PICTURES,
    NEAR_DUPLICATES,
    PARTITION_COLUMN,
    PREDICTIONS,
    RAW_IMAGES,
    REDUCED_FEATURES,
)
from image_assets.contracts.recordings import (
    FRAME_PROJECTIONS,
    PIXEL_SERIES,
    RECORDING,
    RECORDING_FIELD,
    RECORDING_FRAMES,
    RECORDING_TABLES,
    SERIES_CLUSTERS,
    SERIES_FEATURES,
    TIME_COVARIANCE,
    VOXEL_FIELDS,
)
from image_assets.contracts.scenes import (
    RECONSTRUCTED_SCENE,
    RECONSTRUCTED_TILES,
    SCENE_COLUMN,
    SCENE_PREVIEW,
    SCENE_TABLES,
    SOURCE_TILES,
    TILE_KEY_COLUMNS,
    TILE_KEY_FIELDS,
    TILE_STATISTICS,
    TILE_TABLES,
)

__all__ = [
    "BLOB_TABLES",
    "CNN_FEATURES",
    "DECODED_FRAMES",
    "ERROR_COLUMNS",
    "EVALUATION",
    "FRAME_PROJECTIONS",
    "IMAGENET_PREDICTIONS",
    "KEY_COLUMNS",
    "KEY_FIELDS",
    "LABELLED_PICTURES",
    "NEAR_DUPLICATES",
    "PARTITION_COLUMN",
    "PARTITION_COLUMNS",
    "PIXEL_SERIES",
    "PREDICTIONS",
    "RAW_IMAGES",
    "RECONSTRUCTED_SCENE",
    "RECONSTRUCTED_TILES",
    "RECORDING",
    "RECORDING_FIELD",
    "RECORDING_FRAMES",
    "RECORDING_TABLES",
    "REDUCED_FEATURES",
    "SCENE_COLUMN",
    "SCENE_PREVIEW",
    "SCENE_TABLES",
    "SERIES_CLUSTERS",
    "SERIES_FEATURES",
    "SOURCE_TILES",
    "TABLES",
    "TILE_KEY_COLUMNS",
    "TILE_KEY_FIELDS",
    "TILE_STATISTICS",
    "TILE_TABLES",
    "TIME_COVARIANCE",
    "VOXEL_FIELDS",
]

BLOB_TABLES = frozenset({"raw_images", "decoded_frames", "labelled_pictures", "recording_frames", "frame_projections"})
"""Tables whose rows are large: their row groups are kept small, so that tasks can share a file."""

ERROR_COLUMNS: dict[str, str] = {
    "raw_images": "read_error",
    "decoded_frames": "decode_error",
    "recording_frames": "read_error",
}
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
