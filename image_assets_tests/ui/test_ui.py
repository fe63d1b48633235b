"""The Dagster UI as a person meets it: a real browser, a real `dagster dev`, clicks instead of calls."""

import re
import shutil
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from image_assets.vision.contact_sheet import contact_sheet
from image_assets_tests.dagster_dev import dagster_dev, project_environment
from image_assets_tests.shared import REPOSITORY

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
RUN_SECONDS, CLICK_SECONDS = 300, 30
PICTURES = {"Banana": 3, "Kiwi": 1}
"""Good pictures of each class; Banana has a broken one besides."""


@pytest.fixture
def page(tmp_path: Path) -> "Iterator[Page]":
    """A page of a fresh browser; what it showed last is kept as a picture beside the other files of the test."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: see the dev group")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is absent: apt-get install --no-install-recommends chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        opened = browser.new_page(viewport={"width": 1600, "height": 1000})
        opened.set_default_timeout(CLICK_SECONDS * 1000)
        yield opened
        opened.screenshot(path=tmp_path / "last_seen.png")
        browser.close()


@pytest.fixture
def address(page: "Page", tmp_path: Path) -> Iterator[str]:
    """The address of a running `dagster dev` over two small classes.

    It asks for the page first, so that nothing starts in vain.
    """
    for name, count in PICTURES.items():
        pictures = sorted((REPOSITORY / "data" / "fruits" / "Training" / name).glob("*.jpg"))[:count]
        folder = tmp_path / "source" / "Training" / name
        folder.mkdir(parents=True)
        for picture in pictures:
            shutil.copy(picture, folder)
    (tmp_path / "source" / "Training" / "Banana" / "broken.jpg").write_bytes(b"no picture")
    with dagster_dev(tmp_path, project_environment(tmp_path)) as served:
        yield served


def choose_class(page: "Page", fruit_class: str) -> None:
    """Choose a partition in the dialog that asks for partitions, and launch."""
    dialog = page.get_by_role("dialog").filter(has_text="Launch runs to materialize")
    dialog.get_by_text("Select a partition or create one").click()
    page.get_by_role("menuitem").filter(has_text=fruit_class).click()
    page.keyboard.press("Escape")
    dialog.get_by_role("button", name="Launch 1 run").click()


def wait_for_run(page: "Page") -> None:
    """Follow the message that a run was launched, and watch the run until it ends."""
    page.get_by_text(re.compile(r"Launched run \w+")).wait_for()
    page.get_by_text("View", exact=True).click()
    ended = page.get_by_text(re.compile("^(Success|Failure|Canceled)$")).first
    ended.wait_for(timeout=RUN_SECONDS * 1000)
    assert ended.inner_text() == "Success", page.locator("body").inner_text()[-3000:]


def metadata_value(page: "Page", name: str) -> "Locator":
    return page.locator("tr").filter(has=page.get_by_role("cell", name=name, exact=True)).get_by_role("cell").nth(1)


@pytest.mark.spark
def test_a_class_materialized_by_clicks_shows_its_pictures(page: "Page", address: str) -> None:
    page.goto(f"{address}/assets/fruit_classes")
    page.get_by_role("button").filter(has_text=re.compile("^Materialize$")).click()
    wait_for_run(page)

    selection = 'key:"raw_images" or key:"decoded_frames"'
    page.goto(f"{address}/assets?asset-selection={urllib.parse.quote(selection)}")
    for name in ("raw_images", "decoded_frames"):
        page.locator("label").filter(has=page.get_by_test_id(f"checkbox-{name}")).click()
    page.get_by_role("button", name="Materialize selected (2)").click()
    choose_class(page, "Banana")
    wait_for_run(page)

    page.goto(f"{address}/assets/decoded_frames?view=partitions")
    page.get_by_text("Materialized (1)").wait_for()
    assert page.get_by_text("Missing (1)").is_visible(), "Kiwi was not asked for"
    page.get_by_title("Banana").first.click()
    assert metadata_value(page, "dagster/row_count").inner_text() == "4"
    assert metadata_value(page, "failures").inner_text() == "1"

    metadata_value(page, "contact_sheet").get_by_text("Show Markdown").click()
    sheet = page.get_by_role("dialog").filter(has_text="contact_sheet").get_by_role("img", name="Banana")
    sheet.wait_for()
    width, height = sheet.evaluate(
        "picture => picture.decode().then(() => [picture.naturalWidth, picture.naturalHeight])"
    )
    three_in_a_row = contact_sheet([np.zeros((224, 224, 3), np.uint8)] * 3, ["", "", ""])
    assert (width, height) == three_in_a_row.size
