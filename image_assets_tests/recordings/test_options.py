import json
from pathlib import Path

import numpy as np
import pytest

from image_assets.errors import SourceError, WarehouseError
from image_assets.recordings.listing import find_recordings
from image_assets.recordings.options import RecordingOptions, options_of, publish_options, read_sidecar
from image_assets.signals.errors import SignalError
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.recordings.conftest import NEURONS


def test_a_recording_says_what_is_to_be_done_with_it(tmp_path: Path) -> None:
    own = read_sidecar(NEURONS)
    assert (own["period_frames"], own["k"]) == (10, 4)
    (tmp_path / "stack.json").write_text('{"planes": 2}')
    assert read_sidecar(tmp_path / "stack.tif") == {"planes": 2}
    assert read_sidecar(tmp_path / "other.tif") == {}

    store = Warehouse.at(tmp_path / "warehouse").artifacts
    with pytest.raises(WarehouseError, match="materialize the asset recordings first"):
        options_of(store, "neurons", RecordingOptions())
    publish_options(store, {"neurons": own})
    defaults = RecordingOptions(k=9, seed=7)
    assert options_of(store, "neurons", defaults).k == 4
    assert options_of(store, "neurons", defaults).seed == 7
    assert options_of(store, "another", defaults) == defaults


def test_a_recording_that_is_gone_keeps_its_options_while_the_tables_hold_it(tmp_path: Path) -> None:
    store = Warehouse.at(tmp_path).artifacts
    publish_options(store, {"bee": {"k": 2}, "fly": {"k": 3}, "moth": {"k": 4}})
    publish_options(store, {"bee": {}}, stored=["bee", "fly"])
    assert {name: options_of(store, name, RecordingOptions(k=9)).k for name in ("bee", "fly", "moth")} == {
        "bee": 9,
        "fly": 3,
        "moth": 9,
    }


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "Expecting property name"),
        ('{"period": 3}', "period: Extra inputs are not permitted"),
        ('{"k": 0}', "k: Input should be greater than or equal to 1"),
        ('{"operations": ["zscor()"]}', "unknown operation 'zscor'"),
    ],
)
def test_a_wrong_description_names_file_and_reason(tmp_path: Path, content: str, reason: str) -> None:
    (tmp_path / "recording.json").write_text(content)
    with pytest.raises(SourceError, match=r"recording\.json does not describe a recording") as caught:
        read_sidecar(tmp_path)
    assert reason in str(caught.value)


def test_the_period_becomes_a_whole_number_of_periods() -> None:
    assert RecordingOptions().frequency(240) is None
    assert RecordingOptions(period_frames=20).frequency(240) == 12
    assert RecordingOptions(period_frames=20).frequency(20) == 1
    for n_times in (8, 40):
        with pytest.raises(SignalError, match="expected 1 to"):
            RecordingOptions(period_frames=2 if n_times == 40 else 20).frequency(n_times)


def test_the_description_of_the_sample_is_small_json() -> None:
    assert len(json.loads((NEURONS / "recording.json").read_text())["projections"]) == 5


def test_recordings_are_found_by_keys_that_dagster_accepts(tmp_path: Path) -> None:
    for name in ("fly 10", "fly 2", ".hidden"):
        (tmp_path / name).mkdir()
    np.save(tmp_path / "bee.npy", np.zeros((3, 2, 2)))
    (tmp_path / "notes.txt").touch()
    found = find_recordings(tmp_path)
    assert list(found) == ["bee", "fly_2", "fly_10"]
    assert found["fly_2"] == tmp_path / "fly 2"
    (tmp_path / "a,b").mkdir()
    with pytest.raises(SourceError, match="a,b cannot name a recording because its name contains ','"):
        find_recordings(tmp_path)
    (tmp_path / "a,b").rmdir()
    (tmp_path / "fly_2").mkdir()
    with pytest.raises(SourceError, match="its name is that of another recording"):
        find_recordings(tmp_path)
    (tmp_path / "none").mkdir()
    with pytest.raises(SourceError, match="none holds no recording: set IMAGE_ASSETS_RECORDINGS"):
        find_recordings(tmp_path / "none")
