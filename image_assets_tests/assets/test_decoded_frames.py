import base64
import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from image_assets_tests.assets.project import BROKEN, CLASSES, ROWS, Project, Run


@pytest.fixture(scope="module")
def rows(chain: Run) -> dict[str, dict[str, Any]]:
    return {row["path"]: row for row in chain.project.table("decoded_frames").read().to_pylist()}


def picture_in(markdown: str) -> Image.Image:
    found = re.fullmatch(r"!\[.*\]\(data:image/jpeg;base64,(.*)\)", markdown)
    assert found, markdown[:60]
    return Image.open(io.BytesIO(base64.b64decode(found.group(1))))


def test_every_raw_image_has_a_frame_or_a_reason(chain: Run, rows: dict[str, dict[str, Any]]) -> None:
    assert set(rows) == set(chain.project.table("raw_images").read(["path"])["path"].to_pylist())
    failed = {path: row["decode_error"] for path, row in rows.items() if row["decode_error"] is not None}
    assert set(failed) == BROKEN
    assert failed["Training/Apple Red 1/gone.jpg"] == "FileNotFoundError: no regular file"
    assert all(rows[path]["frame"] is None for path in BROKEN)
    assert {len(row["frame"]) for path, row in rows.items() if path not in BROKEN} == {224 * 224 * 3}


def test_a_frame_is_the_picture_in_large(chain: Run, rows: dict[str, dict[str, Any]]) -> None:
    path = "Training/Cherry/0_100.jpg"
    with Image.open(chain.project.source / path) as image:
        expected = np.asarray(image.convert("RGB").resize((224, 224), Image.Resampling.BICUBIC))
    found = np.frombuffer(rows[path]["frame"], np.uint8).reshape(224, 224, 3)
    np.testing.assert_array_equal(found, expected)
    original = {name: rows[path][name] for name in ("height", "width", "n_channels", "mode")}
    assert original == {"height": 100, "width": 100, "n_channels": 3, "mode": "RGB"}


def test_metadata_counts_rows_and_failures_of_each_class(chain: Run) -> None:
    metadata = chain.metadata("decoded_frames")
    assert {name: found["dagster/row_count"] for name, found in metadata.items()} == ROWS
    assert {name: found["failures"] for name, found in metadata.items()} == dict.fromkeys(CLASSES, 1)
    assert {(found["configuration"]["frame_size"], found["configuration"]["alpha"]) for found in metadata.values()} == {
        (224, "white")
    }


def test_the_contact_sheet_shows_frames_of_the_class(chain: Run) -> None:
    metadata = chain.metadata("decoded_frames")
    cherries = np.asarray(picture_in(metadata["Cherry"]["contact_sheet"]), float)
    apples = np.asarray(picture_in(metadata["Apple_Red_1"]["contact_sheet"]), float)
    assert cherries.shape[0] < apples.shape[0]  # 6 frames, 11 frames
    assert cherries.shape[1] == apples.shape[1]
    reddish = cherries[..., 0] - cherries[..., 1] > 60
    assert reddish.mean() > 0.1


def test_size_and_filter_are_settings(project: Project) -> None:
    run = project.run("decoded_frames", classes=["Cherry"], frame_size=32, filter_max_height=99)
    assert run.metadata("decoded_frames")["Cherry"]["failures"] == ROWS["Cherry"]
    assert "contact_sheet" not in run.metadata("decoded_frames")["Cherry"]
    reasons = project.table("decoded_frames").read(["decode_error", "path"], ["Cherry"]).to_pylist()
    assert all("100" in row["decode_error"] for row in reasons if row["path"] not in BROKEN)

    run = project.run("decoded_frames", classes=["Cherry"], frame_size=32)
    assert run.metadata("decoded_frames")["Cherry"]["configuration"]["frame_size"] == 32
    frames = project.table("decoded_frames").read(["frame"], ["Cherry"])["frame"].drop_null()
    assert {len(frame) for frame in frames.to_pylist()} == {32 * 32 * 3}
