"""Chains of operations as text, for settings: `detrend('nonlinear', order=5).filter(voxel_std > 4).zscore()`.

The text is what one would write after `series.` or `images.` in Python, with literal arguments. It is parsed, never
evaluated: only the operations of the library can be called. `[:, 0].max_projection()` selects plane 0 first. The
argument of `filter` compares a statistic of each series with a number.
"""

import ast
import operator
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from image_assets.signals import voxelwise
from image_assets.signals.arrays import Block
from image_assets.signals.errors import SignalError
from image_assets.signals.images import ImageOperations
from image_assets.signals.records import Records
from image_assets.signals.series import SeriesOperations

_COMPARISONS: dict[type[ast.cmpop], Callable[[Block, float], Any]] = {
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
}
_NOT_IN_A_CHAIN = {"map", "reduce", "rows", "toarray", "compute", "count", "index", "map_as_series"}


@dataclass(frozen=True)
class Comparison:
    """A predicate for `filter`: a statistic of each series compared with a number.

    Attributes:
        statistic: kernel from a block [n, t] to [n].
        compare: such as `operator.gt`.
        bound: the number.
    """

    statistic: Callable[[Block], Block]
    compare: Callable[[Block, float], Any]
    bound: float

    def __call__(self, block: Block) -> NDArray[np.bool_]:
        """Return which series of a block [n, t] satisfy the comparison, bool [n]."""
        return np.asarray(self.compare(self.statistic(block), self.bound), dtype=np.bool_)


@dataclass(frozen=True)
class Call:
    """One operation; without a name, a selection by index."""

    name: str
    arguments: tuple[Any, ...] = ()
    options: tuple[tuple[str, Any], ...] = ()

    def __call__(self, records: Any) -> Any:
        """Apply the operation to images or series, or to what the one before it returned."""
        if not isinstance(records, Records):
            raise SignalError(f"{self.name or 'a selection'} follows an operation that ended the chain with an array")
        if not self.name:
            return records[self.arguments]  # type: ignore[index]
        if not hasattr(records, self.name):
            raise SignalError(f"{type(records).__name__} has no operation {self.name!r}")
        return getattr(records, self.name)(*self.arguments, **dict(self.options))


@dataclass(frozen=True)
class Chain:
    """Operations to be applied one after the other.

    Attributes:
        text: as it was written.
    """

    text: str

    def __call__(self, records: Records) -> Any:
        """Apply the operations to images or series of any engine: lazily, up to a reduction that returns an array.

        Raises:
            SignalError: if an operation does not exist there, or its arguments do not fit.
        """
        for call in self.calls:
            try:
                records = call(records)
            except TypeError as error:
                raise SignalError(f"{self.text!r}: {error}") from error
        return records

    @cached_property
    def calls(self) -> tuple[Call, ...]:
        """The operations in order.

        Raises:
            SignalError: if the text is no chain of operations.
        """
        text = self.text.strip()
        try:
            tree = ast.parse(f"x{text}" if text.startswith("[") else f"x.{text}", mode="eval").body
            return tuple(_calls(tree))
        except (SyntaxError, ValueError) as error:
            raise SignalError(
                f"{self.text!r} is no chain of operations ({error}): write it as in Python, such as "
                "\"detrend('nonlinear', order=5).zscore()\""
            ) from error


def _calls(node: ast.expr) -> list[Call]:
    if isinstance(node, ast.Name) and node.id == "x":
        return []
    if isinstance(node, ast.Subscript):
        return [*_calls(node.value), Call("", _selectors(node.slice))]
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        raise ValueError(f"cannot be understood: {ast.unparse(node)}")
    name = node.func.attr
    known = hasattr(SeriesOperations, name) or hasattr(ImageOperations, name)
    if not known or name.startswith("_") or name in _NOT_IN_A_CHAIN:
        raise ValueError(f"unknown operation {name!r}")
    options = tuple((str(keyword.arg), _argument(keyword.value)) for keyword in node.keywords)
    return [*_calls(node.func.value), Call(name, tuple(map(_argument, node.args)), options)]


def _argument(node: ast.expr) -> Any:
    if isinstance(node, ast.Compare):
        return _comparison(node)
    return ast.literal_eval(node)


def _comparison(node: ast.Compare) -> Comparison:
    compare = _COMPARISONS.get(type(node.ops[0])) if len(node.ops) == 1 else None
    statistic = getattr(voxelwise, node.left.id, None) if isinstance(node.left, ast.Name) else None
    if compare is None or statistic is None or not ast.unparse(node.left).startswith("voxel_"):
        raise ValueError(f"compare one statistic with a number, such as voxel_std > 4, not {ast.unparse(node)}")
    return Comparison(statistic, compare, float(ast.literal_eval(node.comparators[0])))


def _selectors(node: ast.expr) -> tuple[int | slice, ...]:
    parts = node.elts if isinstance(node, ast.Tuple) else [node]
    return tuple(_selector(part) for part in parts)


def _selector(node: ast.expr) -> int | slice:
    if isinstance(node, ast.Slice):
        bounds = (None if bound is None else ast.literal_eval(bound) for bound in (node.lower, node.upper, node.step))
        return slice(*bounds)
    value = ast.literal_eval(node)
    if not isinstance(value, int):
        raise ValueError(f"cannot select by {value!r}")
    return value
