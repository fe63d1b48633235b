import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_assets.signals.moments import Moments, exact_squared_deviations, has_exact_sums


@given(st.integers(0, 2**32 - 1), st.integers(1, 6))
def test_the_moments_of_integers_do_not_depend_on_how_the_records_were_split(seed: int, n_parts: int) -> None:
    generator = np.random.default_rng(seed)
    values = generator.integers(0, 65_536, size=(12, 3)).astype(np.uint16)
    parts = np.array_split(values[generator.permutation(12)], n_parts)

    merged = Moments.of(parts[0])
    for part in parts[1:]:
        merged = merged.merge(Moments.of(part))

    whole = Moments.of(values)
    np.testing.assert_array_equal(merged.mean(), whole.mean())
    np.testing.assert_array_equal(merged.variance(), whole.variance())
    np.testing.assert_allclose(merged.variance(), values.var(axis=0), rtol=1e-12)


def test_a_round_deviation_of_integers_comes_out_round() -> None:
    thirds = np.array([[10], [18], [11], [19], [12], [20]] * 7, dtype=np.uint8)  # three means, spread 4 around each
    four = np.array([[0], [0], [6], [6], [12], [0], [6], [2]], dtype=np.uint8)
    assert Moments.of(four).variance().tolist() == [16.0]
    assert Moments.of(thirds).variance()[0] == 16 + 2 / 3


def test_floats_with_a_large_offset_keep_their_variance_when_merged() -> None:
    generator = np.random.default_rng(0)
    values = generator.normal(1e6, 1.0, size=(1000, 4))
    merged = Moments.of(values[:1]).merge(Moments.of(values[1:300])).merge(Moments.of(values[300:]))
    np.testing.assert_allclose(merged.variance(), values.var(axis=0), rtol=1e-9)
    np.testing.assert_allclose(merged.mean(), values.mean(axis=0), rtol=1e-14)


def test_a_constant_float_has_variance_exactly_zero() -> None:
    values = np.full((7, 2), 0.1)
    assert Moments.of(values).variance().tolist() == [0.0, 0.0]


def test_exact_and_floating_moments_merge() -> None:
    small, large = np.array([[1], [2]], dtype=np.int64), np.array([[70_000], [70_002]], dtype=np.int64)
    assert Moments.of(small).is_exact
    assert not Moments.of(large).is_exact
    merged = Moments.of(small).merge(Moments.of(large))
    np.testing.assert_allclose(merged.variance(), np.vstack([small, large]).var(axis=0), rtol=1e-14)


def test_sums_that_outgrow_63_bits_fall_back_to_floats() -> None:
    count, totals, squares = 2**30, np.array([2**30 * 30_000 + 5]), np.array([2**30 * 30_000**2 + 2**45])
    exact = count * int(squares[0]) - int(totals[0]) ** 2
    assert exact_squared_deviations(count, totals, squares)[0] == pytest.approx(exact, rel=1e-12)


def test_merging_sums_near_the_limit_does_not_overflow() -> None:
    full = Moments(2**31, np.array([2**31 * 40_000]), np.array([2**31 * 40_000**2]))
    merged = full.merge(full)
    assert merged.count == 2**32
    assert merged.mean()[0] == 40_000.0
    assert merged.variance()[0] == 0.0


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.array([255], dtype=np.uint8), True),
        (np.array([65_535], dtype=np.int64), True),
        (np.array([65_536], dtype=np.int64), False),
        (np.array([-65_536], dtype=np.int32), False),
        (np.array([1.0]), False),
        (np.empty(0, dtype=np.int64), True),
    ],
)
def test_integers_below_two_to_the_sixteenth_have_exact_sums(values: np.ndarray, expected: bool) -> None:
    assert has_exact_sums(values) is expected
