import numpy as np
import pyarrow as pa
import pytest

from image_assets.contracts import CNN_FEATURES
from image_assets.errors import IncompatibleArtifactError, WarehouseError
from image_assets.fruits.blocks import feature_matrix, feature_width, only_value, training_blocks
from image_assets.warehouse.reading import split_files
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.fruits.tables import append, feature_rows


@pytest.fixture
def warehouse(tmp_path: object) -> Warehouse:
    return Warehouse.at(str(tmp_path))


def test_a_column_of_lists_is_a_matrix_over_the_same_memory() -> None:
    column = pa.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], pa.list_(pa.float32()))
    matrix = feature_matrix(column)
    assert matrix.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert matrix.ctypes.data == column.values.buffers()[1].address


def test_a_slice_of_a_column_is_its_own_rows() -> None:
    column = pa.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]], pa.list_(pa.float32()))
    assert feature_matrix(column.slice(1, 2)).tolist() == [[3, 4], [5, 6]]


def test_no_rows_are_a_matrix_without_rows() -> None:
    assert feature_matrix(pa.array([], pa.list_(pa.float32()))).shape == (0, 0)


def test_lists_of_different_lengths_are_refused() -> None:
    column = pa.array([[1.0, 2.0], [3.0]], pa.list_(pa.float32()))
    with pytest.raises(IncompatibleArtifactError, match=r"different lengths \[1, 2\]: materialize it again"):
        feature_matrix(column)


def test_the_width_is_that_of_the_features(warehouse: Warehouse) -> None:
    table = warehouse.table("cnn_features")
    with pytest.raises(WarehouseError, match="'cnn_features' has no rows: materialize cnn_features"):
        feature_width(table)
    append(table, feature_rows("Kiwi", np.ones((2, 7)), backbone="b"))
    assert feature_width(table) == 7


def test_the_only_value_of_a_column_is_returned_and_several_are_named(warehouse: Warehouse) -> None:
    table = warehouse.table("cnn_features")
    append(table, feature_rows("Kiwi", np.ones((3, 2)), backbone="one"))
    assert only_value(table, "backbone", "do it again") == "one"
    append(table, feature_rows("Pear", np.ones((1, 2)), backbone="other"))
    with pytest.raises(IncompatibleArtifactError, match=r"2 values of 'backbone' \(one, other\): do it again"):
        only_value(table, "backbone", "do it again")


def test_a_table_without_rows_has_no_only_value(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="'cnn_features' has no rows: materialize cnn_features"):
        only_value(warehouse.table("cnn_features"), "backbone", "do it again")


def test_training_blocks_are_the_training_rows_with_their_labels(warehouse: Warehouse) -> None:
    table = warehouse.table("cnn_features")
    numbers = np.arange(10.0).reshape(5, 2)
    append(table, feature_rows("Cherry_1", numbers, backbone="b"))
    append(table, feature_rows("Cherry_1", 100 + numbers, split="test", backbone="b"))
    append(table, feature_rows("Kiwi", numbers[:1], split="test", backbone="b"))
    read = training_blocks(table, "label")
    blocks = [block for fragment in split_files(table.files(), 1000) for block in read(fragment)]
    assert len(blocks) == 1
    matrix, labels = blocks[0]
    np.testing.assert_array_equal(matrix, numbers)
    assert labels.to_pylist() == ["Cherry"] * 5


def test_features_of_the_contract_are_single_precision() -> None:
    assert feature_matrix(pa.array([[0.1]], CNN_FEATURES.field("features").type)).dtype == np.float32
