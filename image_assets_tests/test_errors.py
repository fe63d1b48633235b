import pytest

from image_assets.errors import (
    CommitContentionError,
    IncompatibleArtifactError,
    SettingsError,
    SourceError,
    WeightsError,
    is_retryable,
    is_retryable_name,
    plain_message,
)
from image_assets.spark.stages import stage_error


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


CASES = [
    (SettingsError("x"), False),
    (SourceError("x"), False),
    (WeightsError("x"), False),
    (IncompatibleArtifactError("x"), False),
    (CommitContentionError("x"), True),
    (ValueError("x"), False),
    (KeyError("x"), False),
    (OSError("x"), True),
    (ConnectionResetError("x"), True),
    (MemoryError(), True),
]


@pytest.mark.parametrize(("error", "expected"), CASES)
def test_only_errors_of_machines_and_networks_are_tried_again(error: Exception, expected: bool) -> None:
    assert is_retryable(error) is expected
    assert is_retryable_name(f"{type(error).__module__}.{type(error).__name__}") is expected


def test_an_error_of_a_task_keeps_what_it_was() -> None:
    lost = stage_error(RuntimeError("org.apache.spark.SparkException: Job aborted: Python worker exited unexpectedly"))
    assert is_retryable(lost)
    assert not is_retryable(stage_error(RuntimeError("x\nimage_assets.errors.WeightsError: no weights\nat y")))
    assert is_retryable(stage_error(RuntimeError("x\nOSError: [Errno 28] No space left on device\nat y")))
