import base64
import io
import re
from pathlib import Path

import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from PIL import Image

from image_assets.assets.metadata import counts_metadata, failures, picture, preview, speed_metadata, table_schema
from image_assets.contracts import REDUCED_FEATURES
from image_assets.contracts.columns import column
from image_assets.spark.side_by_side import Outcome
from image_assets.warehouse.location import Location
from image_assets.warehouse.parquet import DataFile, write_batches
from image_assets.warehouse.table import Table

SCHEMA = pa.schema(
    [
        column("path", pa.string(), "Where it is.", nullable=False),
        column("fruit_class", pa.string(), "The partition."),
        column("scores", pa.list_(pa.float32()), "Many numbers."),
        column("content", pa.binary(), "The bytes."),
        column("error", pa.string(), "Why not."),
    ]
)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    table = Table("things", Location.of(tmp_path / "things"), SCHEMA, "fruit_class")
    rows = [
        {
            "path": f"{i}.jpg",
            "fruit_class": "Kiwi",
            "scores": [1 / 3, 2.0, 3.0, 4.0, 5.0, 6.0],
            "content": b"pixels",
            "error": "torn" if i in {2, 5} else None,
        }
        for i in range(7)
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=SCHEMA)
    table.commit(write_batches(table.root, SCHEMA, "fruit_class", [batch], table.write_options), ["Kiwi"])
    return table


def test_a_preview_has_few_rows_no_bytes_and_short_lists(table: Table) -> None:
    shown = preview(table, "Kiwi")["preview"]
    records = [record.data for record in shown.records]
    assert [record["path"] for record in records] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg", "4.jpg"]
    assert records[2] == {
        "path": "2.jpg",
        "scores": "[0.3333, 2, 3, ...]",
        "error": "torn",
    }
    assert records[0]["error"] == ""


def test_an_empty_partition_has_no_preview(table: Table) -> None:
    assert preview(table, "Pear") == {}


def test_failures_are_rows_with_a_reason(table: Table) -> None:
    assert failures(table, "Kiwi", "error") == 2
    assert failures(table, "Pear", "error") == 0


def test_an_outcome_is_told_in_rows_bytes_and_speed(table: Table) -> None:
    files = (DataFile("a.parquet", "Kiwi", 30, 1000), DataFile("b.parquet", "Kiwi", 20, 500))
    outcome = Outcome("Kiwi", files, version=4, seconds=2.0)
    found = speed_metadata(outcome, table)
    assert counts_metadata(outcome) == {"dagster/row_count": 50}
    assert (found["bytes"], found["seconds"], found["images_per_second"]) == (1500, 2.0, 25.0)
    assert (found["delta_version"], found["dagster/uri"].value) == (4, table.root.uri)


def test_the_schema_of_a_table_carries_types_and_descriptions() -> None:
    columns = {found.name: found for found in table_schema(REDUCED_FEATURES).columns}
    assert list(columns) == REDUCED_FEATURES.names
    assert columns["features"].type.startswith("list<")
    assert columns["split"].description == "training or test."


def test_pictures_are_shown_in_place() -> None:
    figure = Figure(figsize=(2, 1))
    figure.add_subplot().plot([0, 1])
    cases: list[tuple[Image.Image | Figure, str, str]] = [
        (Image.new("RGBA", (40, 20), "red"), "jpeg", "JPEG"),
        (figure, "png", "PNG"),
    ]
    for drawn, mime, file_format in cases:
        found = re.fullmatch(rf"!\[a name\]\(data:image/{mime};base64,(.+)\)", picture(drawn, "a name").value)
        assert found
        with Image.open(io.BytesIO(base64.b64decode(found.group(1)))) as image:
            assert image.format == file_format
            if mime == "jpeg":
                assert image.size == (40, 20)
