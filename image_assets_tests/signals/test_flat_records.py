import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from image_assets.errors import SourceError
from image_assets.signals import flat_records
from image_assets.signals.layouts import open_recording

CONF = {"format": "uint8", "nkeys": 3, "keyformat": "int16", "dims": [76, 87, 2], "nvalues": 240}


def record_array(volumes: NDArray[np.uint8]) -> np.ndarray:
    """Return one record per voxel, the first key (row) fastest, as the published data set is ordered."""
    n_times, planes, rows, columns = volumes.shape
    plane, column, row = (axis.ravel() for axis in np.indices((planes, columns, rows)))
    records = np.empty(row.size, dtype=[("keys", "<i2", (3,)), ("values", "u1", (n_times,))])
    records["keys"] = np.stack([row, column, plane], axis=1)
    records["values"] = volumes[:, plane, row, column].T
    return records


def write(folder: Path, records: np.ndarray, conf: dict[str, object]) -> None:
    (folder / "conf.json").write_text(json.dumps(conf))
    records.tofile(folder / "series-000.bin")


def test_the_published_layout_gives_the_volumes_back(
    tmp_path: Path, long_frames: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch
) -> None:
    records = record_array(long_frames)
    assert records.dtype.itemsize == 246
    write(tmp_path, records, CONF)
    recording = open_recording(tmp_path)
    assert (recording.shape, recording.dtype, len(recording.frames)) == ((2, 76, 87), "uint8", 240)
    np.testing.assert_array_equal(recording.volumes(0, 240), long_frames)
    monkeypatch.setattr(flat_records, "_CHUNK_BYTES", 13_224 * 7)
    np.testing.assert_array_equal(recording.volumes(100, 120), long_frames[100:120])


def small() -> tuple[NDArray[np.uint8], dict[str, object]]:
    volumes = np.random.default_rng(0).integers(0, 255, size=(6, 2, 3, 4)).astype(np.uint8)
    return volumes, {"valuetype": "uint8", "keytype": "int16", "nkeys": 3, "nvalues": 6, "dims": [3, 4, 2]}


def test_the_order_of_records_and_their_split_into_files_do_not_matter(tmp_path: Path) -> None:
    volumes, conf = small()
    records = np.random.default_rng(1).permutation(record_array(volumes))
    write(tmp_path, records[:10], conf)
    records[10:].tofile(tmp_path / "series-001.bin")
    np.testing.assert_array_equal(open_recording(tmp_path).volumes(0, 6), volumes)


def test_keys_of_one_plane_may_leave_the_plane_out(tmp_path: Path) -> None:
    volumes, conf = small()
    records = record_array(volumes[:, :1])
    pairs = np.empty(len(records), dtype=[("keys", "<i2", (2,)), ("values", "u1", (6,))])
    pairs["keys"], pairs["values"] = records["keys"][:, :2], records["values"]
    write(tmp_path, pairs, conf | {"nkeys": 2, "dims": [3, 4]})
    np.testing.assert_array_equal(open_recording(tmp_path).volumes(0, 6), volumes[:, :1])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dims": None}, "it needs dims"),
        ({"valuetype": "text"}, "it needs dims"),
        ({"nvalues": 7}, "promises 24 records of 13 bytes"),
        ({"dims": [4, 4, 2]}, "promises 32 records"),
    ],
)
def test_descriptions_that_do_not_fit_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    volumes, conf = small()
    write(tmp_path, record_array(volumes), conf | change)
    with pytest.raises(SourceError, match=message):
        open_recording(tmp_path)


def test_a_description_that_is_no_json_object_is_refused(tmp_path: Path) -> None:
    (tmp_path / "conf.json").write_text("[1, 2]")
    with pytest.raises(SourceError, match="expected a JSON object"):
        open_recording(tmp_path)
    (tmp_path / "conf.json").write_text("{")
    with pytest.raises(SourceError, match="no readable JSON"):
        open_recording(tmp_path)


@pytest.mark.parametrize(("key", "message"), [([0, 0, 1], "exactly once"), ([3, 0, 0], "outside the dims")])
def test_keys_must_name_every_voxel_once(tmp_path: Path, key: list[int], message: str) -> None:
    volumes, conf = small()
    records = record_array(volumes)
    records["keys"][0] = key
    write(tmp_path, records, conf)
    with pytest.raises(SourceError, match=message):
        open_recording(tmp_path).volumes(0, 1)
