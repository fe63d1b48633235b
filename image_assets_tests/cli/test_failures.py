import csv
import json

from image_assets_tests.assets.project import BROKEN
from image_assets_tests.cli.process import Workspace, error_of


def test_failures_are_listed_with_reasons_on_lines_that_are_not_broken(stored: Workspace) -> None:
    done = stored.image_assets("failures", COLUMNS="40")
    assert done.returncode == 0, done.stderr
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in done.stdout.splitlines() if "│" in line]
    assert {path for _, path, _ in rows} == BROKEN
    assert ["Apple_Red_1", "Training/Apple Red 1/gone.jpg", "FileNotFoundError: no regular file"] in rows
    assert "\x1b" not in done.stdout


def test_failures_are_exported(stored: Workspace) -> None:
    done = stored.image_assets("failures", "Cherry", "--output", "failures.csv")
    path = stored.folder / "failures.csv"
    assert done.stdout == f"1 failure of 1 class: {path}\n"
    (row,) = csv.DictReader(path.read_text().splitlines())
    assert (row["partition"], row["path"]) == ("Cherry", "Training/Cherry/28_100.jpg")
    assert row["reason"]
    assert len(json.loads(stored.image_assets("failures", "--json").stdout)) == 3


def test_an_unknown_class_or_format_is_answered(stored: Workspace) -> None:
    assert error_of(stored.image_assets("failures", "Chery")).endswith("has no class 'Chery': did you mean Cherry?")
    assert "use one of .csv, .json" in error_of(stored.image_assets("failures", "-o", "f.xlsx"))


def test_before_the_first_run_it_says_so(bare: Workspace) -> None:
    done = bare.image_assets("failures")
    assert (done.returncode, done.stdout.split(" at ")[0]) == (0, "Nothing has run yet")
