import hashlib
import os
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from image_assets.contracts import RAW_IMAGES
from image_assets.errors import SourceError
from image_assets.fruits.raw_images import Reading, chunks, plan_class, read_images
from image_assets.vision.sources import ImageFile, open_source

MIB = 1024 * 1024


def files(*sizes: int) -> list[ImageFile]:
    return [ImageFile(f"{i}.jpg", size, 0) for i, size in enumerate(sizes)]


def test_chunks_end_where_they_are_large_enough() -> None:
    found = [[file.size for file in chunk] for chunk in chunks(files(4, 4, 4, 20, 1, 1), max_bytes=8, max_files=10)]
    assert found == [[4, 4], [4, 20], [1, 1]]


def test_chunks_have_a_bounded_number_of_files_even_where_all_are_empty() -> None:
    assert [len(chunk) for chunk in chunks(files(*[0] * 7), max_bytes=100, max_files=3)] == [3, 3, 1]
    assert list(chunks([], 100, 3)) == []


def test_a_class_is_planned_from_all_its_folders_in_order(spark: SparkSession, tmp_path: Path) -> None:
    for name in ("Training/Apple 1/b.jpg", "Training/Apple 1/a.jpg", "Test/Apple 1/c.jpg", "Test/Kiwi/d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    plan = plan_class(spark.sparkContext, open_source(tmp_path), task_mib=128)
    (reading,) = plan("Apple_1")
    assert (reading.fruit_class, reading.rows) == ("Apple_1", 3)
    assert [file.path for file in reading.files] == [
        *("Test/Apple 1/c.jpg", "Training/Apple 1/a.jpg", "Training/Apple 1/b.jpg"),
    ]


def test_a_large_class_is_divided_so_that_no_core_is_idle_and_no_task_too_large(
    spark: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "Kiwi").mkdir()
    for i in range(16):
        with (tmp_path / f"Kiwi/{i:02}.jpg").open("wb") as file:
            file.truncate(4 * MIB)  # takes no room on disk

    def sizes(task_mib: int) -> list[int]:
        plan = plan_class(spark.sparkContext, open_source(tmp_path), task_mib)
        return [sum(file.size for file in reading.files) // MIB for reading in plan("Kiwi")]

    assert sizes(128) == [16] * 4  # two cores, two tasks each
    assert sizes(12) == [12] * 5 + [4]


def test_a_class_that_is_gone_is_named_and_its_data_kept(spark: SparkSession, tmp_path: Path) -> None:
    plan = plan_class(spark.sparkContext, open_source(tmp_path), 128)
    with pytest.raises(SourceError, match=r"no pictures of the class 'Kiwi' any more; what the warehouse holds"):
        plan("Kiwi")


def test_files_become_rows_and_failures_become_reasons(tmp_path: Path) -> None:
    folder = tmp_path / "Train/Cherry 2"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(b"anything")
    (folder / "empty.jpg").touch()
    (folder / "gone.jpg").symlink_to("nowhere")
    source = open_source(tmp_path)
    reading = Reading("Cherry_2", tuple(source.files("Train/Cherry 2")))
    (batch,) = read_images(source, reading)
    assert batch.schema.equals(RAW_IMAGES)
    found = {row["path"].rsplit("/", 1)[1]: row for row in batch.to_pylist()}
    assert {(row["fruit_class"], row["label"], row["split"]) for row in found.values()} == {
        ("Cherry_2", "Cherry", "training")
    }
    assert found["a.jpg"]["content_sha256"] == hashlib.sha256(b"anything").hexdigest()
    assert (found["empty.jpg"]["content"], found["empty.jpg"]["length"]) == (b"", 0)
    assert found["empty.jpg"]["read_error"] is None
    assert (found["gone.jpg"]["content"], found["gone.jpg"]["read_error"]) == (
        None,
        "FileNotFoundError: no regular file",
    )


def test_a_file_that_vanishes_after_the_listing_says_why(tmp_path: Path) -> None:
    (batch,) = read_images(open_source(tmp_path), Reading("Kiwi", (ImageFile("Kiwi/lost.jpg", 17, 0),)))
    (row,) = batch.to_pylist()
    assert (row["length"], row["content"]) == (17, None)
    assert row["read_error"].startswith("FileNotFoundError: ")


def test_a_name_that_is_not_utf8_keeps_its_bytes_readable(tmp_path: Path) -> None:
    (tmp_path / "Kiwi").mkdir()
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/Kiwi/caf\xe9.jpg")).write_bytes(b"x")
    source = open_source(tmp_path)
    (batch,) = read_images(source, Reading("Kiwi", tuple(source.files("Kiwi"))))
    assert batch["path"].to_pylist() == [r"Kiwi/caf\xe9.jpg"]
    assert batch["content"].to_pylist() == [b"x"]
