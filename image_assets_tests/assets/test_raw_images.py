import hashlib
from pathlib import Path
from typing import Any

import pytest

from image_assets_tests.assets.project import BROKEN, CLASSES, ROWS, Run


@pytest.fixture(scope="module")
def rows(chain: Run) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in chain.project.table("raw_images").read().to_pylist()}


def test_every_picture_of_the_source_has_one_row(chain: Run, rows: dict[str, dict[str, Any]]) -> None:
    source = chain.project.source
    on_disk = {str(path.relative_to(source)) for path in source.rglob("*.jpg")}
    assert set(rows) == on_disk
    assert len(on_disk) == sum(ROWS.values())


def test_a_file_is_stored_byte_for_byte_with_its_digest_and_time(chain: Run, rows: dict[str, dict[str, Any]]) -> None:
    path = "Test/Apple Red 2/21_100.jpg"
    file = chain.project.source / path
    row, content = rows[path], file.read_bytes()
    assert row["content"] == content
    assert (row["length"], row["content_sha256"]) == (len(content), hashlib.sha256(content).hexdigest())
    assert row["modification_time"].timestamp() == pytest.approx(file.stat().st_mtime, abs=1e-5)
    assert row["read_error"] is None


def test_class_label_and_split_follow_the_folders(rows: dict[str, dict[str, Any]]) -> None:
    def key(path: str) -> tuple[str, str, str]:
        row = rows[path]
        return row["fruit_class"], row["label"], row["split"]

    assert key("Training/Apple Red 1/0_100.jpg") == ("Apple_Red_1", "Apple_Red", "training")
    assert key("Test/Apple Red 2/20_100.jpg") == ("Apple_Red_2", "Apple_Red", "test")
    assert key("Test/Cherry/20_100.jpg") == ("Cherry", "Cherry", "test")


def test_a_file_that_cannot_be_read_keeps_its_row_with_the_reason(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["Training/Apple Red 1/gone.jpg"]
    assert row["read_error"] == "FileNotFoundError: no regular file"
    assert (row["content"], row["content_sha256"], row["length"]) == (None, None, 0)
    assert (row["fruit_class"], row["split"]) == ("Apple_Red_1", "training")


def test_a_file_that_is_no_picture_is_read_all_the_same(rows: dict[str, dict[str, Any]]) -> None:
    for path in BROKEN - {"Training/Apple Red 1/gone.jpg"}:
        assert rows[path]["read_error"] is None
        assert len(rows[path]["content"]) > 0


def test_metadata_counts_rows_failures_bytes_and_speed(chain: Run) -> None:
    table, metadata = chain.project.table("raw_images"), chain.metadata("raw_images")
    assert {name: found["dagster/row_count"] for name, found in metadata.items()} == ROWS
    assert {name: found["failures"] for name, found in metadata.items()} == {
        "Apple_Red_1": 1,
        "Apple_Red_2": 0,
        "Cherry": 0,
    }
    for name in CLASSES:
        found, files = metadata[name], table.files([name])
        assert found["bytes"] == sum(Path(table.root.path, file.path).stat().st_size for file in files)
        assert found["images_per_second"] == pytest.approx(ROWS[name] / found["seconds"], rel=0.1, abs=0.1)
        assert found["configuration"]["source"] == str(chain.project.source)
        assert found["dagster/uri"] == table.root.uri


def test_the_preview_shows_keys_and_no_bytes(chain: Run) -> None:
    preview = chain.metadata("raw_images")["Cherry"]["preview"]
    names = [column.name for column in preview.schema.columns]
    assert names == [
        *("path", "label", "split", "content_sha256"),
        *("modification_time", "length", "read_error"),
    ]
    shown = [record.data["path"] for record in preview.records]
    assert shown == [
        *("Test/Cherry/20_100.jpg", "Test/Cherry/21_100.jpg", "Training/Cherry/0_100.jpg"),
        *("Training/Cherry/1_100.jpg", "Training/Cherry/28_100.jpg"),
    ]
