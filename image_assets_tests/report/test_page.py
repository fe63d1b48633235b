"""The report in a real browser: a file that asks for nothing, at the width of a desk and of a phone."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from image_assets.errors import WarehouseError
from image_assets.warehouse.location import Location
from image_assets_tests.assets.project import CLASSES, MISFILED, Project, Run

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
DESK, PHONE = (1280, 900), (390, 844)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: see the dev group")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is absent: install Debian's chromium")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


def path_of(chain: Run) -> Path:
    return Path(chain.metadata("report")[None]["path"])


class Visit:
    """A page that notes what it asks for and complains of."""

    def __init__(self, browser: "Browser", file: Path, size: tuple[int, int], scheme: str) -> None:
        self.requests: list[str] = []
        self.complaints: list[str] = []
        context = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme=scheme,  # type: ignore[arg-type]
        )
        self.page: Page = context.new_page()
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.goto(file.as_uri())
        self.page.wait_for_function("document.querySelector('.stage > canvas').width > 300")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_page_fits_and_asks_for_nothing(chain: Run, browser: "Browser", size: tuple[int, int], scheme: str) -> None:
    visit = Visit(browser, path_of(chain), size, scheme)
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith("data:")] == [path_of(chain).as_uri()]
    assert visit.page.evaluate("document.documentElement.scrollWidth") <= size[0]
    paper = visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (max(map(int, re.findall(r"\d+", paper))) < 60) == (scheme == "dark")
    broken = visit.page.evaluate("[...document.images].filter(image => !image.naturalWidth).length")
    assert broken == 0


def test_the_page_says_what_the_run_did(chain: Run, browser: "Browser") -> None:
    page = Visit(browser, path_of(chain), DESK, "light").page
    assert page.locator("h1").inner_text() == "28 pictures in 3 classes"
    figures = dict(
        zip(page.locator(".figures dt").all_inner_texts(), page.locator(".figures dd").all_inner_texts(), strict=True)
    )
    assert figures["test accuracy by fruit class"] == figures["by label"] == "90.00 %"
    assert (figures["failures"], figures["test pictures"]) == ("3", "10")
    assert page.locator("article h3").all_inner_texts() == CLASSES
    assert "6 training, 5 test, 1 failed" in page.locator("article").first.inner_text().replace(
        "7 training", "6 training"
    )
    mistakes = page.locator("#mistakes figure").first
    assert mistakes.inner_text().startswith("Apple_Red_1\ntaken for Cherry")
    assert page.locator("#failures table").first.inner_text().count("\n") >= 3
    stages = page.locator(".stages td:first-child").all_inner_texts()
    assert stages[:3] == ["raw_images", "decoded_frames", "cnn_features"]
    assert "near_duplicates" in stages


def test_pointing_at_a_picture_shows_it_with_its_class(chain: Run, browser: "Browser") -> None:
    page = Visit(browser, path_of(chain), DESK, "light").page
    data = json.loads(page.locator("#data").inner_text() or page.locator("#data").text_content() or "")
    wrong = next(point for point in data["points"] if point[4])
    canvas = page.locator(".stage > canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    edge = 19 + 6
    x = box["x"] + edge + wrong[0] * (box["width"] - 2 * edge)
    y = box["y"] + edge + wrong[1] * (box["height"] - 2 * edge)
    assert page.locator("#tip").is_hidden()
    page.mouse.move(x, y)
    page.locator("#tip").wait_for()
    assert page.locator("#tip p").inner_text().split("\n") == ["Apple_Red_1", "taken for Cherry", MISFILED]
    drawn = page.evaluate(
        "new Set(document.querySelector('#tip canvas').getContext('2d').getImageData(0, 0, 192, 192).data).size"
    )
    assert drawn > 50, "the picture is drawn in the tip"
    page.mouse.move(0, 0)
    assert page.locator("#tip").is_hidden()


def test_a_class_is_found_on_the_map_and_a_field_of_the_matrix_says_what_it_is(chain: Run, browser: "Browser") -> None:
    page = Visit(browser, path_of(chain), DESK, "light").page
    chip = page.get_by_role("button", name="Cherry")
    before = page.locator(".stage > canvas").screenshot()
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true"
    assert page.locator(".stage > canvas").screenshot() != before
    page.locator(".matrix .miss").first.hover()
    assert page.locator("#note").inner_text() == "Apple_Red_1 \u2192 Cherry: 1 (20.0 %)"


def test_the_link_is_in_the_metadata_and_the_file_is_small(chain: Run) -> None:
    metadata = chain.metadata("report")[None]
    assert metadata["report"] == path_of(chain).as_uri()
    assert metadata["bytes"] == path_of(chain).stat().st_size < 1_000_000
    assert metadata["pictures_on_the_map"] == 25


def test_names_of_files_are_text_and_no_markup(spark: object, chain: Run) -> None:
    from dataclasses import replace

    from pyspark.sql import SparkSession

    from image_assets.report.gather import gather
    from image_assets.report.page import render

    assert isinstance(spark, SparkSession)
    found = gather(spark.sparkContext, chain.project.warehouse, source="<script>alert(1)</script>", run="r", stages=[])
    view = replace(found.classes[0], paths=["</script><script>alert(2)</script>"] * len(found.classes[0].paths))
    page = render(replace(found, classes=[view, *found.classes[1:]]))
    assert "<script>alert" not in page
    assert page.count("</script>") == 2


def test_the_report_is_replaced_at_once(project: Project) -> None:
    file = project.root / "warehouse/report.html"
    file.write_text("the one before")
    run = project.run("report")
    assert run.result.success, run.failure
    assert file.read_text().startswith("<!doctype html>")
    assert [path.name for path in file.parent.iterdir() if "report" in path.name] == ["report.html"]
    assert Location.of(file).exists()


def test_without_an_evaluation_the_remedy_is_named(spark: object, tmp_path: Path) -> None:
    from pyspark.sql import SparkSession

    from image_assets.report.gather import gather
    from image_assets.warehouse.warehouse import Warehouse

    assert isinstance(spark, SparkSession)
    with pytest.raises(WarehouseError, match="no projection was fitted yet"):
        gather(spark.sparkContext, Warehouse.at(tmp_path), source="", run="", stages=[])
