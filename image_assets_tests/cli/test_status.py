import json

from image_assets_tests.assets.project import CLASSES, ROWS
from image_assets_tests.cli.process import Workspace, error_of


def test_each_class_is_told_with_its_state(stored: Workspace) -> None:
    done = stored.image_assets("status")
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    assert [row[:4] for row in rows] == [
        *([name, "fresh", str(ROWS[name]), "1"] for name in CLASSES),
        ["all", "3 fresh", "28", "3"],
    ]
    assert all(row[5].count("/") == 4 for row in rows[:-1])
    assert "image-assets failures" in done.stdout


def test_scripts_get_json(stored: Workspace) -> None:
    done = stored.image_assets("status", "Cherry", "--json", IMAGE_ASSETS_BACKBONE="MobileNetV2")
    (found,) = json.loads(done.stdout)["classes"]
    assert (found["fruit_class"], found["state"], found["pictures"], found["failures"]) == ("Cherry", "stale", 7, 1)
    assert set(found["versions"]) >= {"raw_images", "predictions"}
    assert found["reasons"][0].endswith("set is mobilenet_v2/pooled")
    assert found["updated"].startswith("20")


def test_the_source_may_be_away(stored: Workspace) -> None:
    away = {"IMAGE_ASSETS_SOURCE": "/nowhere"}
    assert error_of(stored.image_assets("status", **away)).startswith("error: the source '/nowhere' is no folder")
    done = stored.image_assets("status", "--no-source", "--json", **away)
    assert [found["state"] for found in json.loads(done.stdout)["classes"]] == ["fresh"] * 3


def test_before_the_first_run_it_says_how_to_begin(bare: Workspace) -> None:
    done = bare.image_assets("status")
    assert done.returncode == 0, done.stderr
    assert "never run" in done.stdout
    assert "Begin with: image-assets run" in done.stdout
