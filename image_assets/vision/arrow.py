"""Matrices as Arrow list columns, without a Python object per row."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


def list_array(matrix: npt.NDArray[Any]) -> pa.ListArray:
    """Return the rows of a matrix [n, d] as lists; the values are not copied if the matrix is contiguous."""
    n, width = matrix.shape
    offsets = np.arange(n + 1, dtype=np.int32) * np.int32(width)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(np.ascontiguousarray(matrix).reshape(-1)))


def list_array_of_strings(indices: npt.NDArray[np.integer[Any]], names: npt.NDArray[np.str_]) -> pa.ListArray:
    """Return lists of names from a matrix of indices [n, k] into them."""
    n, width = indices.shape
    offsets = np.arange(n + 1, dtype=np.int32) * np.int32(width)
    values = pa.DictionaryArray.from_arrays(pa.array(indices.reshape(-1)), pa.array(names)).dictionary_decode()
    return pa.ListArray.from_arrays(pa.array(offsets), values)
