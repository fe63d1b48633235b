import json
import shutil
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from image_assets.errors import SettingsError
from image_assets.fruits.failures import class_failures
from image_assets.warehouse.failures import SCHEMA, write_failures
from image_assets_tests.assets.project import BROKEN, Project, Run


def test_each_failure_has_its_reason(chain: Run) -> None:
    rows = [row for batch in class_failures(chain.project.warehouse) for row in batch.to_pylist()]
    assert {row["path"] for row in rows} == BROKEN
    reasons = {row["path"]: row["reason"] for row in rows}
    assert reasons["Training/Apple Red 1/gone.jpg"] == "FileNotFoundError: no regular file"
    assert all(reasons.values())
    assert {row["table"] for row in rows} == {"decoded_frames"}


def test_failures_of_some_classes(chain: Run) -> None:
    (batch,) = class_failures(chain.project.warehouse, ["Cherry", "Unheard_Of"])
    assert batch["path"].to_pylist() == ["Training/Cherry/28_100.jpg"]
    assert batch.schema == SCHEMA


def test_before_decoding_the_files_that_could_not_be_read_are_told(project: Project) -> None:
    shutil.rmtree(project.table("decoded_frames").root.path)
    rows = [row for batch in class_failures(project.warehouse) for row in batch.to_pylist()]
    assert [(row["path"], row["table"]) for row in rows] == [("Training/Apple Red 1/gone.jpg", "raw_images")]


def test_failures_are_written_in_each_format(chain: Run, tmp_path: Path) -> None:
    def written(name: str) -> Path:
        assert write_failures(class_failures(chain.project.warehouse), tmp_path / "new" / name) == 3
        return tmp_path / "new" / name

    expected = [row for batch in class_failures(chain.project.warehouse) for row in batch.to_pylist()]
    assert pyarrow.csv.read_csv(written("f.csv")).select(["path", "reason"]).to_pylist() == [
        {"path": row["path"], "reason": row["reason"]} for row in expected
    ]
    assert pq.read_table(written("f.parquet")).to_pylist() == expected
    assert json.loads(written("f.json").read_text()) == expected
    assert [json.loads(line) for line in written("f.jsonl").read_text().splitlines()] == expected
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["f.csv", "f.json", "f.jsonl", "f.parquet"]


def test_no_failures_are_an_empty_file(tmp_path: Path) -> None:
    assert write_failures([], tmp_path / "f.json") == 0
    assert json.loads((tmp_path / "f.json").read_text()) == []


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"suffix '\.xlsx': use one of \.csv, \.json, \.jsonl, \.parquet"):
        write_failures([], tmp_path / "f.xlsx")
