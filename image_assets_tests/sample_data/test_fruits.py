"""The sample in the repository is what its script draws, and holds the cases that the chain must survive."""

import io
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from image_assets.sample_data import fruits
from image_assets.sample_data.fruit_models import FRUITS
from image_assets.vision.decode import DecodeError, decode_frame
from image_assets.vision.labels import class_key, label_of, split_of
from image_assets_tests.shared import REPOSITORY

SAMPLE = REPOSITORY / "data" / "fruits"
BROKEN = {
    "Training/Apple Red 2/28_100.jpg": "not a readable JPEG, PNG, BMP, WebP, TIFF or GIF picture",
    "Training/Cherry/28_100.jpg": "image file is truncated",
    "Training/Strawberry/28_100.jpg": "the file is empty",
}


def sample_paths() -> list[Path]:
    return sorted(path for path in SAMPLE.rglob("*") if path.is_file())


def test_sample_is_small() -> None:
    paths = sample_paths()
    assert len(paths) == 8 * 28 + len(BROKEN)
    assert sum(path.stat().st_size for path in paths) < 700_000


def test_classes_splits_and_labels_are_those_of_a_real_collection() -> None:
    counts: Counter[tuple[str, str]] = Counter()
    for path in sample_paths():
        relative = path.relative_to(SAMPLE).as_posix()
        if relative not in BROKEN:
            counts[class_key(path.parent.name), split_of(relative, None)] += 1
    classes = {key for key, _ in counts}
    assert {"Banana", "Apple_Red_1", "Apple_Red_2"} < classes
    assert {label_of(key) for key in classes} == {
        "Apple_Red",
        "Banana",
        "Cherry",
        "Kiwi",
        "Orange",
        "Pear",
        "Strawberry",
    }
    assert all(counts[key, "training"] == 20 and counts[key, "test"] == 8 for key in classes)


def test_exactly_the_three_broken_files_fail_each_with_its_reason() -> None:
    reasons = {}
    modes: Counter[str] = Counter()
    for path in sample_paths():
        try:
            decoded = decode_frame(path.read_bytes())
        except DecodeError as error:
            reasons[path.relative_to(SAMPLE).as_posix()] = str(error)
        else:
            assert (decoded.height, decoded.width) == (100, 100)
            modes[decoded.mode] += 1
    assert reasons.keys() == BROKEN.keys()
    assert all(reason in reasons[path] for path, reason in BROKEN.items())
    assert modes == {"RGB": 8 * 28 - 4, "L": 1, "RGBA": 1, "P": 1, "CMYK": 1}


def test_pictures_of_one_class_differ() -> None:
    contents = {path.read_bytes() for path in sample_paths()}
    assert len(contents) == len(sample_paths())


@pytest.mark.parametrize("name", FRUITS)
def test_script_draws_the_pictures_of_the_repository_again(name: str) -> None:
    special = [number for fruit, number in fruits.ODD_PICTURES if fruit == name]
    for number in (0, 27, *special):
        path, content = fruits.sample_picture(name, number)
        with Image.open(io.BytesIO(content)) as drawn, Image.open(SAMPLE / path) as stored:
            assert drawn.mode == stored.mode
            assert np.array_equal(np.asarray(drawn), np.asarray(stored)), path


def test_script_writes_the_whole_layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fruits, "TRAINING_PICTURES", 1)
    monkeypatch.setattr(fruits, "TEST_PICTURES", 1)
    fruits.write_sample(tmp_path)
    written = {path.relative_to(tmp_path).as_posix(): path for path in tmp_path.rglob("*") if path.is_file()}
    training = {f"Training/{name}/0_100.jpg" for name in FRUITS}
    test = {f"Test/{name}/1_100.jpg" for name in FRUITS}
    assert written.keys() == training | test | BROKEN.keys()
    for path in BROKEN:
        assert written[path].read_bytes() == (SAMPLE / path).read_bytes()
