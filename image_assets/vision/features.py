"""Arrow kernels around an engine: a batch of frames in, a batch of features or of ImageNet classes out."""

import numpy as np
import pyarrow as pa

from image_assets.contracts import CNN_FEATURES, IMAGENET_PREDICTIONS, KEY_COLUMNS
from image_assets.errors import WarehouseError
from image_assets.vision.arrow import list_array
from image_assets.vision.engine import Engine, Frames
from image_assets.vision.imagenet import top_k

N_CHANNELS = 3


def frames_of(batch: pa.RecordBatch, frame_size: int) -> Frames:
    """Return the frames of a batch as one array, without copying a pixel.

    Args:
        batch: Rows with `path` and `frame`, none of them null.
        frame_size: Height and width of a frame in pixels.

    Returns:
        uint8 RGB (n, frame_size, frame_size, 3), read-only, over the memory of the batch.

    Raises:
        WarehouseError: A frame has another size.
    """
    shape = (batch.num_rows, frame_size, frame_size, N_CHANNELS)
    if batch.num_rows == 0:
        return np.empty(shape, np.uint8)
    column = batch["frame"].cast(pa.large_binary())
    _, offsets_buffer, pixels = column.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int64)[column.offset : column.offset + batch.num_rows + 1]
    sizes, expected = np.diff(offsets), frame_size * frame_size * N_CHANNELS
    wrong = np.flatnonzero(sizes != expected)
    if len(wrong):
        raise WarehouseError(
            f"The frame of {batch['path'][int(wrong[0])].as_py()} has {sizes[wrong[0]]} bytes; the backbone takes "
            f"{frame_size} x {frame_size} x {N_CHANNELS} = {expected}: materialize decoded_frames again with "
            f"frame_size {frame_size}"
        )
    return np.frombuffer(pixels, np.uint8, batch.num_rows * expected, int(offsets[0])).reshape(shape)


def _with_frames(batch: pa.RecordBatch) -> pa.RecordBatch:
    frames = batch["frame"]
    return batch.filter(frames.is_valid()) if frames.null_count else batch


def extract_features(batch: pa.RecordBatch, engine: Engine, features_id: str, frame_size: int) -> pa.RecordBatch:
    """Compute the features of the frames of a batch.

    Args:
        batch: Rows of `decoded_frames`, at least the key columns and `frame`.
        engine: Runs the graph of a backbone with features.
        features_id: What identifies the features, see `backbones.export.features_id`.
        frame_size: Height and width of the frames in pixels.

    Returns:
        Rows of `cnn_features`, in the order of the batch; rows without a frame are left out.

    Raises:
        WarehouseError: A frame has another size.
    """
    batch = _with_frames(batch)
    features = engine.run(frames_of(batch, frame_size))
    columns = [batch[name] for name in KEY_COLUMNS]
    identity = pa.repeat(pa.scalar(features_id), batch.num_rows)
    return pa.RecordBatch.from_arrays([*columns, identity, list_array(features)], schema=CNN_FEATURES)


def predict_classes(batch: pa.RecordBatch, engine: Engine, features_id: str, frame_size: int, k: int) -> pa.RecordBatch:
    """Compute the most probable ImageNet classes of the frames of a batch.

    Args:
        batch: Rows of `decoded_frames`, at least the key columns and `frame`.
        engine: Runs the graph of a backbone with its class head, form `probabilities`.
        features_id: What identifies the scores, see `backbones.export.features_id`.
        frame_size: Height and width of the frames in pixels.
        k: How many classes per row, 1 to 1,000.

    Returns:
        Rows of `imagenet_predictions`, in the order of the batch; rows without a frame are left out.

    Raises:
        SettingsError: k is out of range.
        WarehouseError: A frame has another size.
    """
    batch = _with_frames(batch)
    best = top_k(engine.run(frames_of(batch, frame_size)), k)
    columns = [batch[name] for name in KEY_COLUMNS]
    identity = pa.repeat(pa.scalar(features_id), batch.num_rows)
    return pa.RecordBatch.from_arrays(
        [*columns, identity, best.wnids, best.labels, best.scores], schema=IMAGENET_PREDICTIONS
    )
