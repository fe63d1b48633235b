import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image_assets.errors import SourceError
from image_assets.vision.labels import class_key, label_of, split_of


@pytest.mark.parametrize(
    ("folder", "key", "label"),
    [
        ("Banana", "Banana", "Banana"),
        ("Cherry 1", "Cherry_1", "Cherry"),
        ("Apple Red Yellow 2", "Apple_Red_Yellow_2", "Apple_Red_Yellow"),
        ("tomate-3", "tomate-3", "tomate"),
        ("Apple 10", "Apple_10", "Apple"),
        ("Pear  Forelle\t\n2", "Pear_Forelle_2", "Pear_Forelle"),
        ("Grape White_3 (b) 1.", "Grape_White_3_(b)_1.", "Grape_White_3_(b"),
        ("Açaí 2", "Açaí_2", "Açaí"),
        ("Ac\u0327ai\u0301 2", "Ac\u0327ai\u0301_2", "Ac\u0327ai\u0301"),
        ("केला 1", "केला_1", "केला"),
        ("りんご１", "りんご１", "りんご"),
        ("2024", "2024", "2024"),
        ("n02123045", "n02123045", "n"),
        ("it's 100% #1", "it's_100%_#1", "it's"),
    ],
)
def test_folder_name_gives_key_and_label(folder: str, key: str, label: str) -> None:
    assert class_key(folder) == key
    assert label_of(key) == label


@pytest.mark.parametrize(
    ("folder", "problem"),
    [
        ("", "is empty"),
        (".", "is empty or means a folder itself"),
        ("..", "is empty or means a folder itself"),
        ("a...b", "contains '...'"),
        ("red,green", "contains ','"),
        ("red/green", "contains '/'"),
        ("bell\a", "contains a control character"),
        ("null\0", "contains a control character"),
        ("latin1\udce9", "contains bytes that are not UTF-8"),
    ],
)
def test_name_that_is_unsafe_as_a_key_is_refused_by_name_with_a_remedy(folder: str, problem: str) -> None:
    with pytest.raises(SourceError) as caught:
        class_key(folder)
    message = str(caught.value)
    assert problem in message
    assert repr(folder) in message
    assert "rename the folder" in message


@given(st.text())
def test_every_accepted_key_is_one_path_component_that_maps_to_itself(folder: str) -> None:
    try:
        key = class_key(folder)
    except SourceError:
        return
    assert class_key(key) == key
    assert "/" not in key
    assert key.encode("utf-8")
    assert key.startswith(label_of(key))
    assert label_of(key)


@pytest.mark.parametrize(
    ("path", "split"),
    [
        ("Training/Cherry 1/0_100.jpg", "training"),
        ("train/Cherry 1/0_100.jpg", "training"),
        ("TEST/Cherry 1/0_100.jpg", "test"),
        ("fruits/Validation/Apple/Apple 10/r0_0.jpg", "test"),
        ("Training/Test/Banana/0.jpg", "test"),
        ("Test/Training/Banana/0.jpg", "training"),
    ],
)
def test_split_folder_above_the_class_decides(path: str, split: str) -> None:
    for digest in ("00" * 32, "ff" * 32, None):
        assert split_of(path, digest) == split


def test_class_folder_named_like_a_split_does_not_decide() -> None:
    assert split_of("Test/0.jpg", "ff" * 32) == "training"
    assert split_of("Training/0.jpg", "00" * 32) == "test"


def test_digest_splits_four_to_one_and_keeps_copies_together() -> None:
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(5000)]
    sides = [split_of(f"Pear/{number}.jpg", digest) for number, digest in enumerate(digests)]
    assert sides == [split_of("elsewhere/copy.png", digest) for digest in digests]
    assert sides.count("test") / len(sides) == pytest.approx(0.2, abs=0.02)


def test_file_without_digest_is_placed_by_its_path() -> None:
    sides = [split_of(f"Pear/{number}.jpg", None) for number in range(1000)]
    assert sides == [split_of(f"Pear/{number}.jpg", None) for number in range(1000)]
    assert sides.count("test") / len(sides) == pytest.approx(0.2, abs=0.05)
    assert split_of("Pear/undecodable\udce9.jpg", None) in {"training", "test"}
