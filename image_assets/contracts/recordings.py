"""The tables of the chain of recordings, partitioned by recording."""

import pyarrow as pa

from image_assets.contracts.columns import column, repetitive

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
