"""The tables of the fruits chain, partitioned by class."""

import pyarrow as pa

from image_assets.contracts.columns import column

PARTITION_COLUMN = "fruit_class"

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
