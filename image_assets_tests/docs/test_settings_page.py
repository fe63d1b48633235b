from image_assets.settings_page import settings_page
from image_assets_tests.shared import REPOSITORY


def test_the_page_of_settings_is_what_the_settings_say() -> None:
    page = (REPOSITORY / "docs/settings.md").read_text()
    assert page == settings_page(), "write it anew: python -m image_assets.settings_page > docs/settings.md"
