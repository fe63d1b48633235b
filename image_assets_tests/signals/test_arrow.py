import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from image_assets.signals.arrow import series_block, series_column, volume_block
from image_assets.signals.errors import SignalError

BLOCK = np.arange(12, dtype=np.int16).reshape(4, 3)


def test_blocks_travel_as_lists_and_back() -> None:
    column = series_column(BLOCK)
    assert column.to_pylist() == BLOCK.tolist()
    for given in (column, column.cast(pa.large_list(pa.int16())), column.cast(pa.list_(pa.int16(), 3))):
        np.testing.assert_array_equal(series_block(given), BLOCK)
    np.testing.assert_array_equal(series_block(column.slice(1, 2)), BLOCK[1:3])
    assert series_block(column).base is not None


def test_one_number_per_series_is_a_plain_column() -> None:
    assert series_column(np.array([1.5, np.nan]))[0].as_py() == 1.5


def test_a_block_without_rows_has_no_time_points() -> None:
    assert series_block(series_column(BLOCK)[:0]).shape == (0, 0)


@pytest.mark.parametrize("rows", [[[1, 2], [3]], [[1, 2], None], [[1, 2], [3, None]]])
def test_series_of_different_length_are_refused(rows: list[list[int | None] | None]) -> None:
    with pytest.raises(SignalError, match="one length"):
        series_block(pa.array(rows, pa.list_(pa.int32())))


def test_blocks_of_volumes_do_not_fit_a_column_of_lists() -> None:
    with pytest.raises(SignalError, match="does not fit one column"):
        series_column(np.ones((2, 3, 4)))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float64"])
@pytest.mark.parametrize("binary", [pa.binary(), pa.large_binary()])
def test_volumes_are_read_from_their_bytes(dtype: str, binary: pa.DataType) -> None:
    volumes = np.random.default_rng(0).integers(0, 200, size=(5, 2, 3, 4)).astype(dtype)
    column = pa.array([volume.tobytes() for volume in volumes], binary)
    np.testing.assert_array_equal(volume_block(column, (2, 3, 4), dtype), volumes)
    np.testing.assert_array_equal(volume_block(column.slice(2, 2), (2, 3, 4), dtype), volumes[2:4])


@pytest.mark.parametrize("contents", [[b"123"], [b"1234", None]])
def test_volumes_of_another_size_are_refused(contents: list[bytes | None]) -> None:
    with pytest.raises(SignalError, match="volumes of 4 bytes"):
        volume_block(pa.array(contents, pa.binary()), (2, 2), "uint8")


def test_no_worker_imports_pandas_or_a_learning_library() -> None:
    code = (
        "import sys, numpy as np, pyarrow as pa\n"
        "from image_assets.signals import arrow, kmeans, layouts, local, maps, pictures\n"
        "arrow.series_block(arrow.series_column(np.ones((2, 3))))\n"
        "buffers = [None, pa.py_buffer(np.array([0, 2], np.int32)), pa.py_buffer(b'12')]\n"
        "arrow.volume_block(pa.Array.from_buffers(pa.binary(), 1, buffers), (1, 2), 'uint8')\n"
        "print([name for name in ('pandas', 'sklearn', 'matplotlib', 'dagster') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
