"""The sample recording under `data/recordings`, and the chain that recovers its groups."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from image_assets.sample_data import recording as sample
from image_assets.signals import kmeans
from image_assets.signals.layouts import open_recording
from image_assets.signals.local import Images, Series
from image_assets.signals.recording import RecordingSource
from image_assets.signals.voxelwise import voxel_std
from image_assets_tests.shared import REPOSITORY

FOLDER = REPOSITORY / "data" / "recordings" / "neurons"


@pytest.fixture(scope="module")
def detrended() -> Series:
    return Images(RecordingSource(open_recording(FOLDER))).toseries().detrend("nonlinear", order=5).compute()


def test_the_stored_recording_is_what_the_generator_makes(tmp_path: Path) -> None:
    sample.write_recording(tmp_path)
    stored, made = open_recording(FOLDER), open_recording(tmp_path)
    assert len(stored.frames) == sample.N_TIMES
    assert stored.errors == ()
    np.testing.assert_array_equal(stored.volumes(0, sample.N_TIMES), made.volumes(0, sample.N_TIMES))
    assert (FOLDER / sample.TRUTH_FILE).read_text() == (tmp_path / sample.TRUTH_FILE).read_text()


def test_the_sample_stays_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 300 * 1024


def test_neurons_do_not_touch_and_groups_are_even() -> None:
    truth = sample.read_truth(FOLDER)
    assert truth.shape == sample.SHAPE
    sizes = np.bincount(truth[truth >= 0])
    assert len(sizes) == sample.N_GROUPS
    assert sizes.max() == sizes.min()
    neurons = sample.place_neurons()
    for i, one in enumerate(neurons):
        for other in neurons[i + 1 :]:
            assert one.z != other.z or (one.y - other.y) ** 2 + (one.x - other.x) ** 2 > 25


def test_clustering_recovers_the_groups(detrended: Series) -> None:
    truth = sample.read_truth(FOLDER)
    rows = detrended.filter(lambda block: voxel_std(block) > 4).zscore().rows()
    groups = truth[tuple(rows.keys.T)]
    assert len(groups) == int((truth >= 0).sum())
    assert (groups >= 0).all()
    fitted = kmeans.fit(rows.values, sample.N_GROUPS, seed=0)
    assert adjusted_rand_score(groups, kmeans.nearest_centre(rows.values, fitted.centres)) >= 0.9


def test_driven_groups_follow_the_stimulus_at_their_phase(detrended: Series) -> None:
    truth = sample.read_truth(FOLDER)
    response = detrended.fourier(freq=sample.FREQUENCY).toarray()
    for group, phase in enumerate(sample.PHASES):
        coherence, found = response[truth == group].mean(axis=0)
        assert coherence > 0.9
        assert found == pytest.approx(phase, abs=0.1)
    assert response[truth == len(sample.PHASES), 0].max() < 0.3


def test_the_recording_drifts_and_is_noisy() -> None:
    volumes = sample.generate().astype(np.float64)
    background = volumes[:, sample.read_truth(FOLDER) < 0]
    assert background[-5:].mean() - background[:5].mean() < -3
    assert 1.3 < np.diff(background, axis=0).std() / np.sqrt(2) < 1.8
