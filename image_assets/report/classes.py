"""What the report shows of a class: counts, failures, some pictures and where they stand in feature space."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from PIL import Image
from pyspark import SparkContext

from image_assets.fruits.blocks import feature_matrix
from image_assets.fruits.decoded_frames import frame_pixels
from image_assets.fruits.pictures import Frame, jpeg
from image_assets.learning.moments import Float32Array
from image_assets.spark.stages import guarded
from image_assets.vision.labels import label_of
from image_assets.warehouse.reading import Fragment, read_fragment
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse

TILE = 96
"""Height and width of a picture in a sheet, in pixels."""
COLUMNS = 8
SHEET_QUALITY = 72
SPOTS = 8
"""Row groups that pictures are taken from: some of every part of a class, however large it is."""
MAX_PICTURES = 720
"""Pictures of all classes together: they make most of the file's size."""
MAX_OF_CLASS, MIN_OF_CLASS = 40, 6
MAX_EXAMPLES = 10
IMAGENET_LABELS = 3
_NO_SHEET = b""


@dataclass(frozen=True)
class ClassView:
    """A class as the report shows it.

    Attributes:
        fruit_class: its key.
        splits: pictures by split, failures included.
        failures: pictures by the reason why they could not be decoded.
        examples: some of them, path and reason.
        sheet: some of its pictures as one JPEG, `COLUMNS` in a row, each `TILE` pixels wide and high.
        paths: of these pictures, in the order of the sheet.
        predicted: what each was taken for; None without a prediction.
        features: reduced features, float32 [n, d], nan where there are none.
        imagenet: the ImageNet labels that most pictures have, with their shares.
    """

    fruit_class: str
    splits: Mapping[str, int]
    failures: Mapping[str, int] = field(default_factory=dict)
    examples: Sequence[tuple[str, str]] = ()
    sheet: bytes = _NO_SHEET
    paths: Sequence[str] = ()
    predicted: Sequence[str | None] = ()
    features: Float32Array = field(default_factory=lambda: np.empty((0, 0), np.float32))
    imagenet: Sequence[tuple[str, float]] = ()

    @property
    def label(self) -> str:
        """The class without the number of its variety."""
        return label_of(self.fruit_class)

    @property
    def rows(self) -> int:
        """Pictures, failures included."""
        return sum(self.splits.values())

    @property
    def failed(self) -> int:
        """Pictures that could not be decoded."""
        return sum(self.failures.values())


def view_classes(context: SparkContext, warehouse: Warehouse, classes: Sequence[str]) -> list[ClassView]:
    """Look at each class in a task of its own; the driver receives numbers and small JPEG files."""
    pictures = max(MIN_OF_CLASS, min(MAX_OF_CLASS, MAX_PICTURES // max(1, len(classes))))
    view = _viewer(warehouse, pictures)
    if not classes:
        return []
    return guarded(lambda: context.parallelize(classes, len(classes)).map(view).collect())


def _viewer(warehouse: Warehouse, pictures: int) -> Callable[[str], ClassView]:
    def view(fruit_class: str) -> ClassView:
        frames = warehouse.table("decoded_frames")
        splits, failures, examples = _counts(frames, fruit_class)
        shown = sample_frames(frames, fruit_class, pictures)
        features, predicted = _known_of(warehouse, fruit_class, list(shown))
        return ClassView(
            fruit_class,
            splits,
            failures,
            examples,
            contact_grid(list(shown.values())),
            list(shown),
            predicted,
            features,
            _imagenet(warehouse.table("imagenet_predictions"), fruit_class),
        )

    return view


def _counts(frames: Table, fruit_class: str) -> tuple[Counter[str], Counter[str], list[tuple[str, str]]]:
    splits: Counter[str] = Counter()
    failures: Counter[str] = Counter()
    examples: list[tuple[str, str]] = []
    for batch in _rows(frames, fruit_class, ["path", "split", "decode_error"]):
        splits.update(batch["split"].to_pylist())
        failed = batch.filter(pc.is_valid(batch["decode_error"])).select(["path", "decode_error"]).to_pylist()
        failures.update(row["decode_error"] for row in failed)
        examples += [(row["path"], row["decode_error"]) for row in failed[: MAX_EXAMPLES - len(examples)]]
    return splits, failures, examples


def _rows(table: Table, fruit_class: str, columns: list[str]) -> Iterator[pa.RecordBatch]:
    for file in table.files([fruit_class]):
        whole = Fragment(file.path, file.partition, file.rows)
        yield from read_fragment(table.root, whole, columns, table.partition_column)


def sample_frames(frames: Table, fruit_class: str, n: int) -> dict[str, Frame]:
    """Read up to n frames of a class, uint8 [size, size, 3], from row groups spread evenly over it, by path."""
    files = frames.files([fruit_class])
    total = sum(file.rows for file in files)
    spots = sorted({total * spot // SPOTS for spot in range(SPOTS)}) if total else []
    found: dict[str, Frame] = {}
    first = 0
    for file in files:
        inside = [spot - first for spot in spots if first <= spot < first + file.rows]
        first += file.rows
        if inside:
            location = frames.root.join(file.path)
            with location.open_input() as source, pq.ParquetFile(source) as parquet:
                for group in sorted({place * parquet.num_row_groups // file.rows for place in inside}):
                    found.update(_evenly(parquet.read_row_group(group, columns=["path", "frame"]), n))
    paths = sorted(found)
    return {paths[place]: found[paths[place]] for place in _places(len(paths), n)}


def _evenly(rows: pa.Table, n: int) -> Iterator[tuple[str, Frame]]:
    good = rows.filter(pc.is_valid(rows["frame"]))
    for row in good.take(_places(good.num_rows, n)).to_pylist():
        yield row["path"], thumbnail(frame_pixels(row["frame"]))


def thumbnail(pixels: Frame, size: int = TILE) -> Frame:
    """Scale a frame, uint8 [side, side, 3], to another size."""
    return np.asarray(Image.fromarray(pixels).resize((size, size), Image.Resampling.LANCZOS))


def _places(count: int, n: int) -> list[int]:
    """Return up to n of the numbers below count, evenly spread."""
    return [count * i // min(n, count) for i in range(min(n, count))]


def contact_grid(tiles: Sequence[Frame]) -> bytes:
    """Join tiles, uint8 [TILE, TILE, 3], to one JPEG, `COLUMNS` in a row; the rest of the last row is white."""
    if not tiles:
        return _NO_SHEET
    rows = -(-len(tiles) // COLUMNS)
    grid = np.full((rows * TILE, min(len(tiles), COLUMNS) * TILE, 3), 255, np.uint8)
    for number, tile in enumerate(tiles):
        row, column = divmod(number, COLUMNS)
        grid[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE] = tile
    return jpeg(grid, SHEET_QUALITY)


def _known_of(
    warehouse: Warehouse, fruit_class: str, paths: list[str]
) -> tuple[npt.NDArray[np.float32], list[str | None]]:
    """Return reduced features [n, d] and predictions of some pictures of a class; what is absent is nan or None."""
    reduced = _chosen(warehouse.table("reduced_features"), fruit_class, "features", paths)
    predicted = _chosen(warehouse.table("predictions"), fruit_class, "predicted_label", paths)
    width = next((len(value) for value in reduced.values()), 0)
    features = np.full((len(paths), width), np.nan, np.float32)
    for place, path in enumerate(paths):
        if path in reduced:
            features[place] = reduced[path]
    return features, [predicted.get(path) for path in paths]


def _chosen(table: Table, fruit_class: str, column: str, paths: list[str]) -> dict[str, Any]:
    wanted = pa.array(paths, pa.string())
    found: dict[str, Any] = {}
    for batch in _rows(table, fruit_class, ["path", column]):
        rows = batch.filter(pc.is_in(batch["path"], wanted))
        values: Iterable[Any] = feature_matrix(rows[column]) if column == "features" else rows[column].to_pylist()
        found.update(zip(rows["path"].to_pylist(), values, strict=True))
    return found


def _imagenet(table: Table, fruit_class: str) -> list[tuple[str, float]]:
    """Count the best ImageNet label of each picture of a class; empty if they were not computed."""
    labels: Counter[str] = Counter()
    for batch in _rows(table, fruit_class, ["labels"]):
        labels.update(pc.list_element(batch["labels"], 0).to_pylist())
    total = sum(labels.values())
    return [(label.replace("_", " "), count / total) for label, count in labels.most_common(IMAGENET_LABELS)]
