"""Blocks to and from Arrow columns: series as lists of numbers, volumes as bytes.

The buffers are wrapped by hand: `pa.array` and `to_numpy` import pandas, which costs every new worker seconds.
"""

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from image_assets.signals.arrays import Block
from image_assets.signals.errors import SignalError

_LARGEST_OFFSET = 2**31 - 1


def series_block(column: pa.Array) -> Block:
    """Return a column of lists of equal length as a block, without a copy.

    Args:
        column: list<number>, large_list<number> or fixed_size_list<number>, n rows without nulls.

    Returns:
        [n, t] in the type of the numbers, read-only; [0, 0] for no rows.

    Raises:
        SignalError: If a series or a value is null, or the series differ in length.
    """
    if not len(column):
        return np.empty((0, 0))
    lengths = pc.min_max(column.value_lengths())
    shortest, longest = lengths["min"].as_py(), lengths["max"].as_py()
    flat = column.flatten()
    if column.null_count or flat.null_count or shortest != longest:
        raise SignalError(
            f"{column.null_count} of {len(column)} series are null, {flat.null_count} values are null, lengths "
            f"{shortest} to {longest}: a block needs complete series of one length"
        )
    dtype = np.dtype(flat.type.to_pandas_dtype())
    numbers = np.frombuffer(flat.buffers()[1], dtype, len(flat), flat.offset * dtype.itemsize)
    return numbers.reshape(len(column), -1)


def series_column(block: Block) -> pa.Array:
    """Return a block as a column: list<number> for [n, t], plain numbers for [n].

    Raises:
        SignalError: If the block has another number of axes, or too many numbers for one Arrow list column.
    """
    if block.ndim == 1:
        return _numbers(block)
    if block.ndim != 2 or block.size > _LARGEST_OFFSET:
        raise SignalError(f"a block of shape {block.shape} does not fit one column of lists: use smaller blocks [n, t]")
    offsets = np.arange(len(block) + 1, dtype=np.int32) * block.shape[1]
    return pa.ListArray.from_arrays(_numbers(offsets), _numbers(block.reshape(-1)))


def volume_block(column: pa.Array, shape: tuple[int, ...], dtype: str) -> Block:
    """Return a column of volumes as bytes as a block, without a copy.

    Args:
        column: binary or large_binary, n rows without nulls.
        shape: Shape of one volume.
        dtype: Of the volumes, native byte order, C order.

    Returns:
        [n, *shape], read-only.

    Raises:
        SignalError: If a volume is null or has another size.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    _, offset_buffer, values = column.buffers()
    offset_type = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    offsets = np.frombuffer(offset_buffer, offset_type, len(column) + 1, column.offset * np.dtype(offset_type).itemsize)
    if column.null_count or (np.diff(offsets) != size).any():
        raise SignalError(
            f"expected {len(column)} volumes of {size} bytes ({dtype} {shape}), found nulls or other sizes"
        )
    content = np.frombuffer(values, np.uint8, len(column) * size, int(offsets[0]))
    return content.view(dtype).reshape(len(column), *shape)


def _numbers(values: Block) -> pa.Array:
    contiguous = np.ascontiguousarray(values)
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(contiguous.dtype), len(contiguous), [None, pa.py_buffer(contiguous)]
    )
