"""Beside the chain: each picture with what an ImageNet network takes it for, drawn on it."""

import io
from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import pyarrow as pa
from PIL import Image

from image_assets.contracts import KEY_COLUMNS, LABELLED_PICTURES, PARTITION_COLUMN
from image_assets.errors import IncompatibleArtifactError
from image_assets.fruits.decoded_frames import frame_pixels
from image_assets.spark.stages import Batches, Kernel
from image_assets.vision.contact_sheet import contact_sheet, draw_label
from image_assets.warehouse.table import Table

SOURCE_COLUMNS = [*KEY_COLUMNS, "frame"]
JPEG_QUALITY = 85
BATCH_ROWS = 64
SHEET_PICTURES = 12


def label_kernel(predictions: Table) -> Kernel:
    """Return the kernel from rows of `decoded_frames` to rows of `labelled_pictures`; failures have no row there."""
    version = predictions.version()

    def kernel(batches: Batches) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            frames = batch.filter(batch["frame"].is_valid())
            if frames.num_rows:
                best = _best_labels(predictions, version, frames[PARTITION_COLUMN][0].as_py())
                yield draw_batch(frames, best)

    return kernel


@lru_cache(maxsize=4)
def _best_labels(predictions: Table, _version: int | None, fruit_class: str) -> dict[str, tuple[str, float]]:
    """Read the best label of each picture of a class; `_version` makes a newer table another question."""
    rows = predictions.read(["path", "labels", "scores"], [fruit_class]).to_pylist()
    return {row["path"]: (row["labels"][0], row["scores"][0]) for row in rows}


def draw_batch(batch: pa.RecordBatch, best: dict[str, tuple[str, float]]) -> pa.RecordBatch:
    """Draw the labels of a batch of frames.

    Raises:
        IncompatibleArtifactError: if a frame has no prediction.
    """
    paths = batch["path"].to_pylist()
    missing = [path for path in paths if path not in best]
    if missing:
        raise IncompatibleArtifactError(
            f"{len(missing)} pictures have no ImageNet prediction, such as {missing[0]}: materialize "
            "imagenet_predictions for the class again"
        )
    chosen = [best[path] for path in paths]
    pictures = [labelled_jpeg(frame, *answer) for frame, answer in zip(batch["frame"].to_pylist(), chosen, strict=True)]
    columns = [
        *(batch[name] for name in KEY_COLUMNS),
        pa.array([label for label, _ in chosen], pa.string()),
        pa.array([score for _, score in chosen], pa.float32()),
        pa.array(pictures, pa.binary()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=LABELLED_PICTURES)


def labelled_jpeg(frame: bytes, label: str, score: float) -> bytes:
    """Return a frame with its label and score as the bytes of a JPEG file."""
    image = draw_label(Image.fromarray(frame_pixels(frame)), f"{label.replace('_', ' ')} {score:.0%}")
    sink = io.BytesIO()
    image.save(sink, format="JPEG", quality=JPEG_QUALITY)
    return sink.getvalue()


def labelled_sheet(pictures: Table, fruit_class: str) -> Image.Image | None:
    """Draw a contact sheet of the first labelled pictures of a class, or None if it has none."""
    rows = pictures.head(SHEET_PICTURES, ["path", "picture"], [fruit_class]).to_pylist()
    if not rows:
        return None
    images = [np.asarray(Image.open(io.BytesIO(row["picture"]))) for row in rows]
    return contact_sheet(images, [row["path"].rsplit("/", 1)[-1] for row in rows], columns=6, tile_size=144)
