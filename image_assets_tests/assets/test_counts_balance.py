from typing import Any

import pytest
from dagster import AssetCheckKey, AssetKey, AssetSelection, Definitions, define_asset_job

from image_assets.automation.partitions import range_tags
from image_assets_tests.assets.project import CLASSES, ROWS, Project, Run

CHECKED = ["decoded_frames", "cnn_features", "reduced_features", "predictions"]


def evaluate(project: Project, table: str, classes: list[str]) -> tuple[bool, dict[str, Any]]:
    """Run the check of a table alone."""
    selection = AssetSelection.checks(AssetCheckKey(AssetKey(table), "counts_balance"))
    jobs = Definitions(jobs=[define_asset_job("check", selection)])
    job = Definitions.merge(project.definitions(), jobs).resolve_job_def("check")
    result = job.execute_in_process(
        instance=project.instance, tags=range_tags(project.instance, classes), raise_on_error=False
    )
    (evaluation,) = result.get_asset_check_evaluations()
    assert evaluation.passed == result.success  # it blocks what comes after it
    return evaluation.passed, {name: entry.value for name, entry in evaluation.metadata.items()}


def test_counts_balance_along_the_chain(chain: Run) -> None:
    def rows(table: str, nulls_of: str | None = None) -> dict[str, int]:
        counts = chain.project.table(table).counts()
        return {name: found.nulls[nulls_of] if nulls_of else found.rows for name, found in counts.items()}

    assert rows("raw_images") == rows("decoded_frames") == ROWS
    assert (
        rows("decoded_frames", "decode_error")
        == rows("cnn_features")
        == {"Apple_Red_1": 11, "Apple_Red_2": 8, "Cherry": 6}
    )
    assert rows("cnn_features") == rows("reduced_features") == rows("predictions")


def test_every_stage_of_the_run_was_checked_for_all_its_classes(chain: Run) -> None:
    found = {
        evaluation.asset_key.to_user_string(): (evaluation.passed, evaluation.metadata["classes_checked"].value)
        for evaluation in chain.result.get_asset_check_evaluations()
        if evaluation.check_name == "counts_balance"
    }
    assert found == dict.fromkeys(CHECKED, (True, 3))


@pytest.mark.parametrize("table", CHECKED)
def test_rows_that_are_lost_are_counted(project: Project, table: str) -> None:
    expected = ROWS["Cherry"] - (0 if table == "decoded_frames" else 1)
    project.table(table).commit([], ["Cherry"])
    passed, metadata = evaluate(project, table, CLASSES)
    assert not passed
    assert metadata == {"classes_checked": 3, "imbalances": [f"Cherry: 0 rows, expected {expected}"]}


def test_only_the_classes_of_the_run_are_checked(project: Project) -> None:
    project.table("cnn_features").commit([], ["Cherry"])
    assert evaluate(project, "cnn_features", ["Apple_Red_1"]) == (True, {"classes_checked": 1, "imbalances": []})
