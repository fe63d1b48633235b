from pathlib import Path

import pytest

from image_assets.fruits.balance import ROWS_OF, Imbalance, imbalances, unavailable
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.fruits.tables import append


def paths(fruit_class: str, n: int, **columns: str | None) -> list[dict[str, str | None]]:
    return [{"path": f"{fruit_class}/{i}.jpg", "fruit_class": fruit_class, **columns} for i in range(n)]


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse.at(tmp_path)
    append(warehouse.table("raw_images"), [*paths("Kiwi", 5), *paths("Pear", 3)])
    append(warehouse.table("decoded_frames"), [*paths("Kiwi", 4), *paths("Kiwi", 1, decode_error="torn")])
    append(warehouse.table("decoded_frames"), paths("Pear", 3, decode_error="torn"))
    append(warehouse.table("cnn_features"), paths("Kiwi", 5))
    return warehouse


def test_rows_of_a_table_are_those_of_the_one_before(warehouse: Warehouse) -> None:
    assert imbalances(warehouse, "decoded_frames", ["Kiwi", "Pear"]) == []


def test_failures_end_where_they_happened(warehouse: Warehouse) -> None:
    assert imbalances(warehouse, "cnn_features", ["Pear"]) == []
    assert imbalances(warehouse, "cnn_features", ["Kiwi", "Pear"]) == [Imbalance("Kiwi", expected=4, found=5)]


def test_a_table_that_is_not_there_has_no_rows(warehouse: Warehouse) -> None:
    assert imbalances(warehouse, "reduced_features", ["Kiwi"]) == [Imbalance("Kiwi", expected=5, found=0)]
    assert imbalances(warehouse, "predictions", ["Kiwi"]) == []


def test_a_class_that_was_never_read_is_unavailable_everywhere(warehouse: Warehouse) -> None:
    for table in ("raw_images", *ROWS_OF):
        assert unavailable(warehouse, table, ["Fig"]) == ["Fig"]


def test_a_class_of_which_every_picture_failed_is_available_without_rows(warehouse: Warehouse) -> None:
    for table in ("raw_images", "decoded_frames", "cnn_features", "reduced_features"):
        assert unavailable(warehouse, table, ["Pear"]) == []


def test_a_class_whose_rows_have_not_come_yet_is_unavailable(warehouse: Warehouse) -> None:
    assert unavailable(warehouse, "cnn_features", ["Kiwi"]) == []
    assert unavailable(warehouse, "reduced_features", ["Kiwi", "Pear", "Fig"]) == ["Fig", "Kiwi"]


def test_every_table_but_the_first_has_one_before_it() -> None:
    tables = set(ROWS_OF) | {upstream for upstream, _ in ROWS_OF.values()}
    assert tables - set(ROWS_OF) == {"raw_images"}
