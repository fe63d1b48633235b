"""Beside the chain: pictures of the test split that the training split holds as well, the same or nearly so.

Exact duplicates have the same digest, whatever their classes and splits. Near duplicates are pairs of a test and a
training picture whose features are closer than a threshold. Each task holds one block of test features and passes the
training features by it in blocks: every pair is looked at, in float32 matrix products, and memory is bounded.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyspark import SparkContext

from image_assets.contracts import NEAR_DUPLICATES
from image_assets.fruits.blocks import feature_matrix, feature_width, only_value, split_batches
from image_assets.fruits.pictures import Frame, by_class, find_frames
from image_assets.learning.neighbours import NearestRows, unit_rows
from image_assets.spark.stages import guarded, plan_fragments, write_stage
from image_assets.warehouse.parquet import DataFile, write_batches
from image_assets.warehouse.reading import Fragment, read_fragment
from image_assets.warehouse.table import Table

if TYPE_CHECKING:
    from PIL.Image import Image

EXACT, NEAR = "exact", "near"
KEPT_NEIGHBOURS = 3
BLOCK_BYTES = 64 << 20
"""Bytes of a block of features."""
MAX_BLOCK_ROWS = 2048
"""Rows of a block at most: the distances of two are 16 MiB."""
KEYS = ["path", "fruit_class", "split", "content_sha256"]
SHEET_PAIRS = 12
READ_ROWS = 1024

Key = tuple[str, str, str, str]


@dataclass(frozen=True)
class DuplicateCounts:
    """What was found.

    Attributes:
        exact: files that are there again, in any class or split.
        exact_leaks: those in the test split of which the training split has one too.
        near: pairs of a test and a training picture that are nearly the same.
        near_leaks: test pictures in such pairs.
        conflicts: exact duplicates in two classes.
    """

    exact: int = 0
    exact_leaks: int = 0
    near: int = 0
    near_leaks: int = 0
    conflicts: int = 0


def find_duplicates(
    context: SparkContext,
    features: Table,
    target: Table,
    distance: float,
    properties: Mapping[str, str] | None = None,
    on_progress: Callable[[int, int], None] = lambda _done, _expected: None,
) -> int:
    """Replace the table `near_duplicates` by what the features and digests of all classes say; return its version.

    Args:
        context: Spark.
        features: the table `cnn_features`.
        target: the table `near_duplicates`.
        distance: cosine distance from which on two pictures are no near duplicates.
        properties: recorded in the log of the table.
        on_progress: receives the pictures looked at and those there are.

    Raises:
        IncompatibleArtifactError: if the features come from several backbones.
        WarehouseError: if there are none.
    """
    only_value(features, "backbone", "materialize cnn_features for all classes with one backbone")
    rows = int(min(MAX_BLOCK_ROWS, max(64, BLOCK_BYTES // (4 * feature_width(features)))))
    fragments = plan_fragments(context, features)
    files = _exact_files(context, features, fragments, target)
    blocks = _test_blocks(fragments, rows, 2 * context.defaultParallelism)
    files += write_stage(context, blocks, _near_pairs(features, fragments, distance, rows), target)
    pictures = sum(fragment.rows for fragment in fragments)
    on_progress(pictures, pictures)
    return target.commit(files, [EXACT, NEAR], properties)


def _test_blocks(fragments: Sequence[Fragment], rows: int, tasks: int) -> list[tuple[Fragment, ...]]:
    """Divide the table into shares; each passes all training rows by its test rows, so that few and large ones pay."""
    total = sum(fragment.rows for fragment in fragments)
    size = max(rows, min(8 * rows, total // tasks))
    shares: list[list[Fragment]] = []
    filled = size
    for fragment in fragments:
        if filled >= size:
            shares.append([])
            filled = 0
        shares[-1].append(fragment)
        filled += fragment.rows
    return [tuple(share) for share in shares]


def _near_pairs(features: Table, fragments: Sequence[Fragment], distance: float, rows: int) -> Any:
    def produce(share: tuple[Fragment, ...]) -> Iterator[pa.RecordBatch]:
        for block in _blocks(features, share, "test", rows):
            yield _pairs_of_block(block, _blocks(features, fragments, "training", rows), distance)

    return produce


def _blocks(features: Table, fragments: Iterable[Fragment], split: str, rows: int) -> Iterator[pa.Table]:
    """Join the rows of one split to blocks of up to so many."""
    columns = [*KEYS, "features"]
    pending: list[pa.RecordBatch] = []
    count = 0
    for fragment in fragments:
        for batch in split_batches(features.root, fragment, columns, features.partition_column, split):
            for start in range(0, batch.num_rows, rows):
                part = batch.slice(start, rows)
                if count + part.num_rows > rows:
                    yield pa.Table.from_batches(pending).combine_chunks()
                    pending, count = [], 0
                pending.append(part)
                count += part.num_rows
    if pending:
        yield pa.Table.from_batches(pending).combine_chunks()


def _pairs_of_block(test: pa.Table, training_blocks: Iterator[pa.Table], distance: float) -> pa.RecordBatch:
    """Return the near duplicates of a block of test rows; files that are the same are pairs already."""
    nearest = NearestRows(_unit_features(test), distance, KEPT_NEIGHBOURS)
    digests = np.array(test["content_sha256"].to_pylist())
    candidates: dict[int, Key] = {}
    seen = 0
    for block in training_blocks:
        others = np.array(block["content_sha256"].to_pylist())
        shared = np.intersect1d(digests, others)
        excluded = digests[:, None] == others[None, :] if len(shared) else None
        nearest.update(_unit_features(block), excluded)
        _, numbers, _, _ = nearest.pairs()
        fresh = sorted({int(number) for number in numbers if number >= seen})
        keys = block.select(KEYS).take(pa.array([number - seen for number in fresh], pa.int64())).to_pylist()
        kept = {int(number): candidates[int(number)] for number in numbers if number < seen}
        candidates = kept | {n: _key(row) for n, row in zip(fresh, keys, strict=True)}
        seen += block.num_rows
    queries, numbers, ranks, distances = nearest.pairs()
    tests = test.select(KEYS).take(pa.array(queries)).to_pylist()
    return _rows(
        NEAR,
        [(_key(row), candidates[int(number)]) for row, number in zip(tests, numbers, strict=True)],
        ranks.tolist(),
        distances.tolist(),
    )


def _unit_features(rows: pa.Table) -> np.ndarray:
    return unit_rows(feature_matrix(rows["features"].combine_chunks()))


def _key(row: Mapping[str, str]) -> Key:
    return row["path"], row["fruit_class"], row["split"], row["content_sha256"]


def _exact_files(
    context: SparkContext, features: Table, fragments: Sequence[Fragment], target: Table
) -> list[DataFile]:
    """Group all pictures by digest and write those that are there more than once; only keys are shuffled."""
    root, column = features.root, features.partition_column

    def keys(fragment: Fragment) -> Iterator[tuple[str, Key]]:
        for batch in read_fragment(root, fragment, KEYS, column, READ_ROWS):
            for row in batch.to_pylist():
                yield row["content_sha256"], _key(row)

    def write(groups: Iterable[tuple[str, Iterable[Key]]]) -> Iterator[DataFile]:
        batches = (batch for _, group in groups if (batch := exact_pairs(group)) is not None)
        yield from write_batches(target.root, target.schema, target.partition_column, batches, target.write_options)

    slices = min(len(fragments), 4 * context.defaultParallelism)
    rows = context.parallelize(fragments, slices).flatMap(keys)
    return guarded(lambda: rows.groupByKey(context.defaultParallelism).mapPartitions(write).collect())


def exact_pairs(group: Iterable[Key]) -> pa.RecordBatch | None:
    """Pair the files of one digest with the first of them, a training picture if there is one; None for one file."""
    first, *others = sorted(group, key=lambda key: (key[2] != "training", key[0]))
    if not others:
        return None
    return _rows(EXACT, [(other, first) for other in others], [1] * len(others), [0.0] * len(others))


def _rows(
    kind: str, pairs: Sequence[tuple[Key, Key]], ranks: Sequence[int], distances: Sequence[float]
) -> pa.RecordBatch:
    columns = [
        pa.repeat(pa.scalar(kind), len(pairs)),
        *(pa.array([pair[side][place] for pair in pairs], pa.string()) for side in (0, 1) for place in range(3)),
        pa.array(ranks, pa.int32()),
        pa.array(distances, pa.float32()),
    ]
    return pa.RecordBatch.from_arrays(columns, schema=NEAR_DUPLICATES)


def count_duplicates(table: Table) -> DuplicateCounts:
    """Count what the table holds, batch by batch."""
    counts = dict.fromkeys(DuplicateCounts.__dataclass_fields__, 0)
    for batch in _batches(table, ["kind", "fruit_class", "split", "other_class", "other_split", "rank"]):
        leaks = pc.and_(pc.equal(batch["split"], "test"), pc.equal(batch["other_split"], "training"))
        for kind in (EXACT, NEAR):
            chosen = pc.equal(batch["kind"], kind)
            first = pc.and_(chosen, pc.equal(batch["rank"], 1))
            counts[kind] += pc.sum(chosen).as_py() or 0
            counts[f"{kind}_leaks"] += pc.sum(pc.and_(first, leaks)).as_py() or 0
        differs = pc.and_(pc.equal(batch["kind"], EXACT), pc.not_equal(batch["fruit_class"], batch["other_class"]))
        counts["conflicts"] += pc.sum(differs).as_py() or 0
    return DuplicateCounts(**counts)


def closest_pairs(table: Table, n: int = SHEET_PAIRS) -> list[dict[str, Any]]:
    """Return the n closest pairs, one per picture, exact duplicates first."""
    rows = (row for batch in _batches(table, table.column_names) for row in batch.to_pylist() if row["rank"] == 1)
    return heapq.nsmallest(n, rows, key=lambda row: (row["kind"], row["distance"], row["path"]))


def _batches(table: Table, columns: list[str]) -> Iterator[pa.RecordBatch]:
    for file in table.files():
        whole = Fragment(file.path, file.partition, file.rows)
        yield from read_fragment(table.root, whole, columns, table.partition_column)


def pair_pictures(frames: Table, pairs: Sequence[Mapping[str, Any]]) -> list[tuple[Frame, Frame, Mapping[str, Any]]]:
    """Read both frames of each pair: the picture, the training picture that it resembles, and the row."""
    keys = [(row[side_class], row[side]) for row in pairs for side_class, side in SIDES]
    found = find_frames(frames, by_class(keys))
    return [
        (found[row["path"]], found[row["other_path"]], row)
        for row in pairs
        if row["path"] in found and row["other_path"] in found
    ]


SIDES = (("fruit_class", "path"), ("other_class", "other_path"))


def pairs_sheet(frames: Table, pairs: Sequence[Mapping[str, Any]]) -> "Image | None":
    """Draw pairs side by side, with the distance below, or None without pairs."""
    from image_assets.vision.contact_sheet import contact_sheet

    pictures = pair_pictures(frames, pairs)
    if not pictures:
        return None
    tiles = [np.concatenate([first, second], axis=1) for first, second, _ in pictures]
    captions = [
        f"{row['fruit_class']}: {'the same file' if row['kind'] == EXACT else format(row['distance'], '.4f')}"
        for _, _, row in pictures
    ]
    return contact_sheet(tiles, captions, columns=4, tile_size=200)
