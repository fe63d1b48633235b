import numpy as np
import pyarrow as pa
import pytest

from image_assets.contracts import CNN_FEATURES, DECODED_FRAMES, IMAGENET_PREDICTIONS
from image_assets.errors import WarehouseError
from image_assets.vision.engine import Features, Frames
from image_assets.vision.features import extract_features, frames_of, predict_classes

SIZE = 2
FRAME_BYTES = SIZE * SIZE * 3


class FirstPixel:
    """An engine whose features are the first pixel of a frame."""

    def run(self, frames: Frames) -> Features:
        return frames[:, 0, 0, :].astype(np.float32)


class ClassOfRed:
    """An engine with a class head: the red of the first pixel is the class, with probability 0.75."""

    def run(self, frames: Frames) -> Features:
        probabilities = np.full((len(frames), 1000), 0.25 / 999, np.float32)
        probabilities[np.arange(len(frames)), frames[:, 0, 0, 0]] = 0.75
        return probabilities


def batch_of(frames: list[bytes | None]) -> pa.RecordBatch:
    rows = [
        {
            "path": f"Apple/{i}.jpg",
            "fruit_class": "Apple",
            "label": "Apple",
            "split": "training",
            "content_sha256": f"{i:064x}",
            "frame": frame,
        }
        for i, frame in enumerate(frames)
    ]
    return pa.RecordBatch.from_pylist(rows, schema=DECODED_FRAMES)


def frame(i: int) -> bytes:
    return bytes((i + j) % 256 for j in range(FRAME_BYTES))


def test_frames_lie_in_the_memory_of_the_batch() -> None:
    batch = batch_of([frame(0), frame(10), frame(20), frame(30)]).slice(1, 2)
    frames = frames_of(batch, SIZE)
    assert frames.shape == (2, SIZE, SIZE, 3)
    assert frames[0].tolist() == [[[10, 11, 12], [13, 14, 15]], [[16, 17, 18], [19, 20, 21]]]
    assert frames[1, 0, 0].tolist() == [20, 21, 22]
    assert frames.ctypes.data == batch["frame"].buffers()[2].address + FRAME_BYTES


@pytest.mark.parametrize("dtype", [pa.binary(), pa.large_binary(), pa.binary_view()])
def test_frames_of_every_arrow_type_for_bytes_are_read(dtype: pa.DataType) -> None:
    column = pa.array([frame(1), frame(2)], dtype)
    batch = pa.RecordBatch.from_arrays([pa.array(["a", "b"]), column], ["path", "frame"])
    assert frames_of(batch, SIZE)[:, 0, 0, 0].tolist() == [1, 2]


def test_features_keep_keys_and_order_and_leave_failures_out() -> None:
    features = extract_features(batch_of([frame(5), None, frame(40)]), FirstPixel(), "tiny/pooled/00", SIZE)
    assert features.schema == CNN_FEATURES
    assert features["path"].to_pylist() == ["Apple/0.jpg", "Apple/2.jpg"]
    assert features["content_sha256"].to_pylist() == [f"{0:064x}", f"{2:064x}"]
    assert features["backbone"].to_pylist() == ["tiny/pooled/00"] * 2
    assert features["features"].to_pylist() == [[5, 6, 7], [40, 41, 42]]


@pytest.mark.parametrize("frames", [[], [None, None]])
def test_a_batch_without_frames_gives_no_rows(frames: list[bytes | None]) -> None:
    features = extract_features(batch_of(frames), FirstPixel(), "tiny/pooled/00", SIZE)
    assert (features.num_rows, features.schema) == (0, CNN_FEATURES)


def test_a_frame_of_another_size_is_refused_by_name() -> None:
    batch = batch_of([frame(0), frame(1) + b"x"])
    with pytest.raises(WarehouseError, match=r"Apple/1\.jpg has 13 bytes; .* 2 x 2 x 3 = 12: materialize"):
        extract_features(batch, FirstPixel(), "tiny/pooled/00", SIZE)


def test_predictions_are_parallel_lists_best_first() -> None:
    red_of_cat = bytes([151]) + bytes(FRAME_BYTES - 1)
    batch = batch_of([None, red_of_cat])
    predictions = predict_classes(batch, ClassOfRed(), "tiny/probabilities/00", SIZE, k=2)
    assert predictions.schema == IMAGENET_PREDICTIONS
    assert predictions["path"].to_pylist() == ["Apple/1.jpg"]
    assert predictions["labels"].to_pylist() == [["Chihuahua", "tench"]]
    assert predictions["wnids"].to_pylist() == [["n02085620", "n01440764"]]
    assert predictions["scores"].to_pylist() == [[0.75, np.float32(0.25 / 999)]]
