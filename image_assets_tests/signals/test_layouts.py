import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_assets.errors import SourceError
from image_assets.signals.layouts import list_recordings, natural_key, open_recording
from image_assets.signals.local import Images
from image_assets.signals.recording import RecordingSource
from image_assets_tests.shared import shared_path

VOLUMES = np.random.default_rng(3).integers(0, 250, size=(12, 2, 4, 5)).astype(np.uint8)


def save_pages(path: Path, planes: np.ndarray) -> None:
    first, *rest = (Image.fromarray(plane) for plane in planes)
    first.save(path, save_all=True, append_images=rest)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve volumes whose names sort naturally but not lexically."""
    for t, volume in enumerate(VOLUMES):
        save_pages(tmp_path / f"time{t}.tif", volume)
    (tmp_path / "notes.txt").write_text("not a volume")
    (tmp_path / ".hidden.tif").write_bytes(b"")
    return tmp_path


def test_natural_order_counts_numbers_as_numbers() -> None:
    names = ["t10", "t9", "t1b", "t1", "a2", "t01"]
    assert sorted(names, key=natural_key) == ["a2", "t1", "t01", "t1b", "t9", "t10"]


def test_a_folder_of_volumes_is_read_in_natural_order(folder: Path) -> None:
    recording = open_recording(folder)
    assert (recording.shape, recording.dtype, len(recording.frames)) == ((2, 4, 5), "uint8", 12)
    assert [frame.source for frame in recording.frames[:3]] == ["time0.tif", "time1.tif", "time2.tif"]
    assert recording.errors == ()
    np.testing.assert_array_equal(recording.volumes(0, 12), VOLUMES)
    np.testing.assert_array_equal(recording.volumes(9, 11), VOLUMES[9:11])


def test_files_that_deviate_or_cannot_be_read_are_frames_with_a_reason(folder: Path) -> None:
    save_pages(folder / "time1.tif", VOLUMES[0][:, :3])
    save_pages(folder / "time4.tif", VOLUMES[0].astype(np.uint16))
    save_pages(folder / "time5.tif", VOLUMES[0][:1])
    (folder / "time6.tif").write_bytes(b"torn")
    whole = (folder / "time7.tif").read_bytes()
    (folder / "time7.tif").write_bytes(whole.replace(VOLUMES[7, 1].tobytes(), b""))
    recording = open_recording(folder)
    reasons = {frame.t: frame.error for frame in recording.errors}
    assert reasons[1] == "is uint8 (2, 3, 5); the other frames are uint8 (2, 4, 5)"
    assert reasons[4] == "is uint16 (2, 4, 5); the other frames are uint8 (2, 4, 5)"
    assert reasons[5] == "is uint8 (1, 4, 5); the other frames are uint8 (2, 4, 5)"
    assert "cannot be decoded" in str(reasons[6])
    read = list(recording.read(0, 12))
    assert [frame.t for frame, _ in read] == list(range(12))
    assert [frame.t for frame, volume in read if volume is None] == [1, 4, 5, 6, 7]
    assert "cannot be decoded" in str(read[7][0].error)
    np.testing.assert_array_equal(read[8][1], VOLUMES[8])
    with pytest.raises(SourceError, match=r"frame 6 \(time6\.tif\): cannot be decoded"):
        recording.volumes(6, 7)


def test_one_file_holds_all_pages(tmp_path: Path) -> None:
    path = tmp_path / "all.tif"
    save_pages(path, VOLUMES.reshape(24, 4, 5))
    flat, volumetric = open_recording(path), open_recording(path, n_planes=2)
    assert (flat.shape, len(flat.frames)) == ((1, 4, 5), 24)
    np.testing.assert_array_equal(volumetric.volumes(3, 8), VOLUMES[3:8])
    with pytest.raises(SourceError, match="24 pages, no whole number of volumes of 5"):
        open_recording(path, n_planes=5)


@pytest.mark.parametrize("dtype", ["uint8", ">u2", "float32"])
def test_an_array_file_is_read_by_time_range(tmp_path: Path, dtype: str) -> None:
    np.save(tmp_path / "all.npy", VOLUMES.astype(dtype))
    recording = open_recording(tmp_path / "all.npy")
    assert recording.dtype == np.dtype(dtype).name
    result = recording.volumes(2, 5)
    assert result.dtype.isnative
    np.testing.assert_array_equal(result, VOLUMES[2:5])
    np.save(tmp_path / "planes.npy", VOLUMES[:, 0])
    assert open_recording(tmp_path / "planes.npy").shape == (1, 4, 5)


def test_a_recording_travels_to_another_process(folder: Path) -> None:
    recording = pickle.loads(pickle.dumps(open_recording(folder)))  # noqa: S301 - our own bytes
    np.testing.assert_array_equal(recording.volumes(5, 6), VOLUMES[5:6])


def test_the_notebook_face_reads_a_recording_from_disk(folder: Path) -> None:
    images = Images(RecordingSource(open_recording(folder)))
    np.testing.assert_allclose(images.std(), VOLUMES.std(axis=0), rtol=1e-12, atol=1e-13)
    np.testing.assert_array_equal(images.toseries().toarray(), np.moveaxis(VOLUMES, 0, -1))
    np.testing.assert_array_equal(images[3:5, 1].toarray(), VOLUMES[3:5, 1])


def test_the_zebrafish_array_is_described_without_reading_it() -> None:
    recording = open_recording(shared_path("data", "zebrafish", "recording_240.npy"))
    assert (recording.shape, recording.dtype, len(recording.frames)) == ((2, 76, 87), "uint8", 240)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.npy", b"", "no readable .npy array"),
        ("film.mp4", b"", "is no recording"),
        ("torn.tif", b"torn", "cannot be decoded"),
    ],
)
def test_files_that_are_no_recording_are_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message):
        open_recording(tmp_path / name)


def test_arrays_and_folders_without_volumes_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "line.npy", np.ones((3, 4)))
    with pytest.raises(SourceError, match=r"expected numbers \[t, z, y, x\]"):
        open_recording(tmp_path / "line.npy")
    (tmp_path / "line.npy").unlink()
    with pytest.raises(SourceError, match="no readable frame"):
        open_recording(tmp_path)
    with pytest.raises(SourceError, match="does not exist"):
        open_recording(tmp_path / "absent")
    (tmp_path / "a.png").write_bytes(b"torn")
    with pytest.raises(SourceError, match="no readable frame: cannot be decoded"):
        open_recording(tmp_path)


def test_recordings_are_folders_and_files_by_name(tmp_path: Path) -> None:
    (tmp_path / "fish 10").mkdir()
    (tmp_path / "fish 9").mkdir()
    (tmp_path / ".cache").mkdir()
    for name in ("stack.TIF", "all.npy", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    found = list_recordings(tmp_path)
    assert list(found) == ["all", "fish 9", "fish 10", "stack"]
    assert found["stack"] == tmp_path / "stack.TIF"
    (tmp_path / "all.tif").write_bytes(b"")
    with pytest.raises(SourceError, match="both be the recording 'all'"):
        list_recordings(tmp_path)
    with pytest.raises(SourceError, match="no folder of recordings"):
        list_recordings(tmp_path / "absent")
