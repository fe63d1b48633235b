import pytest

from image_assets.errors import SourceError
from image_assets.fruits.selection import chosen_classes

KNOWN = ["Kiwi", "Apple_Red_1", "Cherry"]


def test_all_classes_are_chosen_where_none_is_named() -> None:
    assert chosen_classes(None, KNOWN, "here") == ["Apple_Red_1", "Cherry", "Kiwi"]


def test_classes_are_chosen_once_each_by_key_or_folder() -> None:
    assert chosen_classes(["Kiwi", "Apple Red 1", "Kiwi"], KNOWN, "here") == ["Apple_Red_1", "Kiwi"]


def test_a_misspelt_class_is_named_with_the_nearest() -> None:
    with pytest.raises(SourceError, match=r"^here has no class 'Chery': did you mean Cherry\?; 'Zz': there are Apple"):
        chosen_classes(["Zz", "Chery"], KNOWN, "here")
