"""Remove a polynomial trend from series.

Source: `Series.detrend` of Thunder 1.x (`thunder/series/series.py`).
"""

from functools import lru_cache

import numpy as np

from image_assets.signals.arrays import Block, Floats, as_float, centred
from image_assets.signals.errors import SignalError


def detrend(series: Block, method: str = "linear", order: int = 5) -> Floats:
    """Subtract the least-squares polynomial p of each series, without its constant term.

    The polynomial is fitted on i = 0 .. t - 1, and the result is x - (p(i) - p(0)): the first fitted value stays,
    not the mean. A constant series stays as it is.

    Args:
        series: Block [n, t].
        method: `linear` for degree 1, `nonlinear` for degree `order`.
        order: Degree of the nonlinear polynomial, at least 0; degrees above t - 1 fit as t - 1 does.

    Returns:
        float64 [n, t].

    Raises:
        SignalError: If the method is unknown or the order negative.
    """
    if method not in {"linear", "nonlinear"}:
        raise SignalError(f"unknown trend {method!r}: choose linear or nonlinear")
    if order < 0:
        raise SignalError(f"order is {order}: the degree of a polynomial is at least 0")
    basis, from_start = _polynomials(series.shape[-1], 1 if method == "linear" else order)
    return as_float(series) - (centred(series) @ basis) @ from_start.T


@lru_cache(maxsize=16)
def _polynomials(n_times: int, degree: int) -> tuple[Floats, Floats]:
    """Return orthonormal polynomials of degree 1 .. degree on the time points, [t, degree], and their rise from 0.

    Legendre polynomials on [-1, 1] keep the QR decomposition well conditioned; the constant one is left out, since
    it is orthogonal to the others and vanishes from p(i) - p(0).
    """
    vandermonde = np.polynomial.legendre.legvander(np.linspace(-1, 1, n_times), min(degree, n_times - 1))
    basis = np.linalg.qr(vandermonde).Q[:, 1:]
    return basis, basis - basis[:1]
