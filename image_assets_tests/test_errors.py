import pytest

from image_assets.errors import plain_message


@pytest.mark.parametrize(
    ("raised", "shown"),
    [
        ("image_assets.errors.WarehouseError: row 7 is missing: write it", "row 7 is missing: write it"),
        ("image_assets.spark.stages.StageError: a task failed", "a task failed"),
        ("image_assets.errors.WarehouseError", "WarehouseError"),
        ("pyspark.errors.exceptions.base.PySparkRuntimeError: no", "PySparkRuntimeError: no"),
        ("ValueError: Kiwi starts below zero", "ValueError: Kiwi starts below zero"),
        ("photo.jpg: no such file", "photo.jpg: no such file"),
    ],
)
def test_an_error_is_told_without_the_path_of_its_class(raised: str, shown: str) -> None:
    assert plain_message(raised) == shown
