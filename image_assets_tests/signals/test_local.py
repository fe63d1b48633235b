"""The notebook faces: laziness, keys, labels and shapes. The values of the operations are in `test_images` and
`test_series`."""

import pickle

import numpy as np
import pytest

from image_assets.signals import local
from image_assets.signals.errors import SignalError
from image_assets.signals.local import Images, Series
from image_assets.signals.records import Rows, Transform, run_steps
from image_assets.signals.scaling import zscore
from image_assets.signals.sources import ArraySource
from image_assets.signals.voxelwise import voxel_max, voxel_std

VOLUMES = np.random.default_rng(9).integers(0, 255, size=(6, 2, 3, 4)).astype(np.uint8)


def fail(block: np.ndarray) -> np.ndarray:
    raise AssertionError("this step ran")


def test_nothing_is_computed_before_a_result_is_asked_for() -> None:
    chain = Images(VOLUMES).map(fail).toseries().zscore().filter(lambda block: voxel_std(block) > 1).between(0, 3)
    with pytest.raises(AssertionError, match="this step ran"):
        chain.rows()


def test_an_operation_leaves_the_face_that_it_was_called_on() -> None:
    series = Images(VOLUMES).toseries()
    series.center()
    series.flatten()
    np.testing.assert_array_equal(series.toarray(), np.moveaxis(VOLUMES, 0, -1))


def test_series_are_voxels_in_c_order_with_time_last() -> None:
    series = Images(VOLUMES).toseries()
    assert series.toarray().shape == (2, 3, 4, 6)
    assert series.flatten().toarray().shape == (24, 6)
    keys, values = series.rows()
    np.testing.assert_array_equal(values[17], VOLUMES[(slice(None), *keys[17])])
    assert keys[17].tolist() == [1, 1, 1]


def test_filtering_keeps_places_and_flattens() -> None:
    series = Images(VOLUMES).toseries().filter(lambda block: voxel_max(block) > 240)
    keys, values = series.rows()
    assert series.toarray().ndim == 2
    assert series.count() == len(keys) == (VOLUMES.max(axis=0) > 240).sum()
    for key, value in zip(keys, values, strict=True):
        np.testing.assert_array_equal(value, VOLUMES[(slice(None), *key)])


def test_results_do_not_depend_on_the_block_size(monkeypatch: pytest.MonkeyPatch) -> None:
    chain = Images(VOLUMES).uniform_filter(2).toseries().detrend().zscore()
    whole = chain.rows()
    monkeypatch.setattr(local, "BLOCK_VALUES", 13)
    parts = chain.rows()
    np.testing.assert_array_equal(parts.keys, whole.keys)
    np.testing.assert_allclose(parts.values, whole.values, rtol=1e-12)


def test_steps_travel_to_another_process() -> None:
    steps = pickle.loads(pickle.dumps([Transform(zscore)]))  # noqa: S301 - our own bytes
    block = VOLUMES.reshape(6, -1).T
    rows = run_steps(Rows(np.zeros((24, 3), dtype=np.int64), block), steps)
    np.testing.assert_array_equal(rows.values, zscore(block))


def test_arrays_lose_axes_of_length_one() -> None:
    assert Images(VOLUMES)[:, 0].toarray().shape == (6, 3, 4)
    assert Images(VOLUMES)[2, 1, :, 3].toarray().shape == (3,)
    assert Images(VOLUMES).subsample(2).toarray().shape == (6, 2, 2)


def test_images_are_selected_by_time_and_box() -> None:
    images = Images(VOLUMES)
    np.testing.assert_array_equal(images[1:6:2, :, 1:, :2].toarray(), VOLUMES[1:6:2, :, 1:, :2])
    np.testing.assert_array_equal(images[4:].rows().keys, [[4], [5]])
    np.testing.assert_array_equal(images[:, -1].toarray(), VOLUMES[:, 1])
    assert images[...] is images
    assert images[3].count() == 1


@pytest.mark.parametrize("selectors", [-1, slice(-3, None), slice(None, None, -1), "a", (0, 1.5)])
def test_selectors_that_mean_nothing_are_refused(selectors: object) -> None:
    with pytest.raises(SignalError):
        Images(VOLUMES)[selectors]  # type: ignore[index]


def test_series_turn_back_into_images() -> None:
    images = Images(VOLUMES).toseries().toimages()
    np.testing.assert_array_equal(images.toarray(), VOLUMES)
    with pytest.raises(SignalError, match="do not fill a volume"):
        Images(VOLUMES).toseries().flatten().toimages()


def test_a_function_of_series_applies_to_images() -> None:
    result = Images(VOLUMES).map_as_series(lambda block, factor: block * factor, 2.0)
    np.testing.assert_array_equal(result.toarray(), VOLUMES * 2.0)
    shorter = Images(VOLUMES).map_as_series(lambda block: block[:, :2])
    np.testing.assert_array_equal(shorter.toarray(), VOLUMES[:2])


def test_computing_once_keeps_places_labels_and_shape() -> None:
    series = Images(VOLUMES).toseries().between(2, 5).compute()
    np.testing.assert_array_equal(series.toarray(), np.moveaxis(VOLUMES[2:5], 0, -1))
    assert series.index.tolist() == [2, 3, 4]
    chosen = series.filter(lambda block: voxel_max(block) > 200).compute()
    np.testing.assert_array_equal(chosen.center().rows().keys, chosen.rows().keys)


def test_labels_follow_the_time_points() -> None:
    series = Series(np.arange(24.0).reshape(2, 12))
    assert series.index.tolist() == list(range(12))
    assert series.between(3, 9).index.tolist() == [3, 4, 5, 6, 7, 8]
    assert series.between(3, 9).select([4, 8, 20]).toarray().tolist() == [[4.0, 8.0], [16.0, 20.0]]
    assert series.select(5).toarray().tolist() == [5.0, 17.0]
    assert series.select(lambda label: label % 4 == 0).index.tolist() == [0, 4, 8]
    assert series.subsample(5).index.tolist() == [0, 5, 10]
    assert series.downsample(5).index.tolist() == [0, 1]
    assert series.fourier(freq=2).index.tolist() == ["coherence", "phase"]
    assert series.fourier(freq=2).select("coherence").rows().values.shape == (2, 1)
    assert series.crosscorr(np.arange(12), lag=2).index.tolist() == [-2, -1, 0, 1, 2]
    assert series.correlate(np.eye(3, 12)).index.tolist() == [0, 1, 2]
    assert series.mean_by_panel(4).index.tolist() == [0, 1, 2, 3]
    assert series.voxel_mean().index.tolist() == [0]
    assert series.map(lambda block: block[:, :7]).index.tolist() == list(range(7))
    assert Series(np.ones((1, 2)), index=["a", "b"]).select("b").index.tolist() == ["b"]


def test_windows_are_found_by_label() -> None:
    series = Series(np.arange(12.0)[np.newaxis]).between(2, 12)
    assert series.mean_by_window([4, 6], window=2).toarray().tolist() == [4.0, 5.0]
    with pytest.raises(SignalError, match=r"labelled \[1\]"):
        series.mean_by_window([1, 4], window=2)


def test_a_selection_without_a_match_names_the_labels() -> None:
    with pytest.raises(SignalError, match="no time point fits 40"):
        Series(np.ones((1, 12))).select(40)


def test_a_wrong_call_fails_where_it_stands() -> None:
    with pytest.raises(TypeError):
        Images(VOLUMES).toseries().fourier(frequency=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Images(VOLUMES).gaussian_filter(1, 2, 3)  # type: ignore[call-arg]


def test_an_axis_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SignalError, match="axis is 2"):
        Series(VOLUMES).zscore(axis=2)


def test_functions_must_return_one_result_per_record() -> None:
    with pytest.raises(SignalError, match="turned 24 records"):
        Images(VOLUMES).toseries().map(lambda block: block[:2]).rows()
    with pytest.raises(SignalError, match="one bool per record"):
        Images(VOLUMES).toseries().filter(lambda block: block > 3).rows()


def test_a_reduction_of_filtered_records_uses_only_those() -> None:
    series = Images(VOLUMES).toseries().filter(lambda block: block[:, 0] > 100)
    chosen = VOLUMES.reshape(6, -1).T
    np.testing.assert_allclose(series.mean(), chosen[chosen[:, 0] > 100].mean(axis=0), rtol=1e-14)
    with pytest.raises(SignalError, match="filtered out"):
        series.filter(lambda block: block[:, 0] > 300).mean()


def test_arrays_without_a_time_axis_are_refused() -> None:
    with pytest.raises(SignalError, match="at least 2 axes"):
        Series(np.ones(4))


def test_a_source_of_ones_own_is_taken_as_it_is() -> None:
    source = ArraySource(np.eye(3), (3,), np.array([[5], [6], [7]]))
    assert Series(source).rows().keys.tolist() == [[5], [6], [7]]
