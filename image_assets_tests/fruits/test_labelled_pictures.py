import io

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from image_assets.contracts import DECODED_FRAMES, LABELLED_PICTURES
from image_assets.errors import IncompatibleArtifactError
from image_assets.fruits.labelled_pictures import SOURCE_COLUMNS, draw_batch, labelled_jpeg

GREY = np.full((224, 224, 3), 128, np.uint8).tobytes()


def frames(*paths: str) -> pa.RecordBatch:
    rows = [{"path": path, "fruit_class": "Kiwi", "split": "test", "frame": GREY} for path in paths]
    return pa.RecordBatch.from_pylist(rows, schema=pa.schema([DECODED_FRAMES.field(name) for name in SOURCE_COLUMNS]))


def test_each_frame_is_drawn_with_its_label_and_score() -> None:
    best = {"a.jpg": ("Granny_Smith", 0.75), "b.jpg": ("fig", 0.5), "other.jpg": ("tench", 0.1)}
    found = draw_batch(frames("a.jpg", "b.jpg"), best)
    assert found.schema.equals(LABELLED_PICTURES)
    assert found["imagenet_label"].to_pylist() == ["Granny_Smith", "fig"]
    assert found["score"].to_pylist() == [0.75, 0.5]
    assert len(set(found["picture"].to_pylist())) == 2


def test_a_label_is_written_on_the_picture_and_leaves_most_of_it() -> None:
    with Image.open(io.BytesIO(labelled_jpeg(GREY, "Granny_Smith", 0.756))) as image:
        assert (image.format, image.width) == ("JPEG", 224)
        pixels = np.asarray(image.convert("L")).astype(int)
    changed = np.abs(pixels - 128) > 40
    assert 50 < changed.sum() < 0.5 * changed.size


def test_a_frame_without_a_prediction_is_named_with_the_remedy() -> None:
    with pytest.raises(IncompatibleArtifactError, match=r"2 pictures have no .*such as b\.jpg: materialize imagenet"):
        draw_batch(frames("a.jpg", "b.jpg", "c.jpg"), {"a.jpg": ("fig", 0.5)})
