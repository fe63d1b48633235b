"""Features of a table as numpy blocks: what statistics and fits are computed from."""

from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from image_assets.errors import IncompatibleArtifactError, WarehouseError
from image_assets.warehouse.distinct import distinct_values
from image_assets.warehouse.location import Location
from image_assets.warehouse.reading import Fragment, read_fragment
from image_assets.warehouse.table import Table

Float32Array = npt.NDArray[np.float32]
BLOCK_ROWS = 1024
NO_ROWS = "table {name!r} has no rows: materialize {name} for the classes first"


def feature_matrix(column: pa.ListArray) -> Float32Array:
    """View a list column of equally long float32 lists as a matrix [n, d], without copying.

    Raises:
        IncompatibleArtifactError: if the lists are not equally long.
    """
    n = len(column)
    lengths = pc.unique(pc.list_value_length(column)).to_pylist()
    if n and len(lengths) != 1:
        raise IncompatibleArtifactError(
            f"features of one table have different lengths {sorted(lengths)}: materialize it again for all classes"
        )
    return np.asarray(column.flatten()).reshape(n, lengths[0] if n else 0)


def feature_width(table: Table) -> int:
    """Return the number of features of a table.

    Raises:
        WarehouseError: if it has no rows.
    """
    first = table.head(1, ["features"])
    if first.num_rows == 0:
        raise WarehouseError(NO_ROWS.format(name=table.name))
    return len(first["features"][0])


def only_value(table: Table, column: str, remedy: str) -> str:
    """Return the value that a column has in every row.

    Raises:
        IncompatibleArtifactError: if there are several, naming them and the remedy.
        WarehouseError: if there is no row.
    """
    values = distinct_values(table, column)
    if not values:
        raise WarehouseError(NO_ROWS.format(name=table.name))
    if len(values) > 1:
        raise IncompatibleArtifactError(
            f"table {table.name!r} mixes rows of {len(values)} values of {column!r} ({', '.join(values)}): {remedy}"
        )
    return values[0]


def training_values(table: Table, column: str) -> list[str]:
    """Return the values of a column, such as the class or the label, that have training rows, sorted."""
    return distinct_values(table, column, where=("split", "training"))


def training_blocks(table: Table, label_column: str) -> Callable[[Fragment], Iterator[tuple[Float32Array, pa.Array]]]:
    """Return a reader of a fragment's training rows: blocks of features [n, d] with the labels of their rows."""
    root, partition_column = table.root, table.partition_column
    columns = ["features", "split", label_column]

    def read(fragment: Fragment) -> Iterator[tuple[Float32Array, pa.Array]]:
        for batch in split_batches(root, fragment, columns, partition_column, "training"):
            yield feature_matrix(batch["features"]), batch[label_column]

    return read


def split_batches(
    root: Location, fragment: Fragment, columns: list[str], partition_column: str, split: str
) -> Iterator[pa.RecordBatch]:
    """Read the rows of one split."""
    for batch in read_fragment(root, fragment, columns, partition_column, BLOCK_ROWS):
        rows = batch.filter(pc.equal(batch["split"], split))
        if rows.num_rows:
            yield rows
