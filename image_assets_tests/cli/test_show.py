from PIL import Image

from image_assets_tests.cli.process import Workspace, error_of


def test_a_contact_sheet_is_written_and_found(stored: Workspace) -> None:
    done = stored.image_assets("show", "Apple Red 1", "--output", "sheets/apples.jpg")
    assert done.returncode == 0, done.stderr
    path = stored.folder / "sheets/apples.jpg"
    assert done.stdout == f"11 of 12 pictures of Apple_Red_1: {path}\n"
    with Image.open(path) as sheet:
        assert sheet.format == "JPEG"
        assert sheet.width > 6 * 144


def test_what_cannot_be_shown_is_answered(stored: Workspace) -> None:
    assert error_of(stored.image_assets("show", "Chery")).endswith("has no class 'Chery': did you mean Cherry?")
    assert error_of(stored.image_assets("show", "Cherry", "--table", "labelled")).endswith(
        "no table 'labelled' that holds pictures of a class: did you mean labelled_pictures?"
    )
    empty = stored.image_assets("show", "Cherry", "--table", "labelled_pictures")
    assert error_of(empty).endswith("holds nothing of Cherry: run image-assets run --chain imagenet first")


def test_before_the_first_run_it_says_how_to_begin(bare: Workspace) -> None:
    assert error_of(bare.image_assets("show", "Kiwi")).endswith("holds nothing of Kiwi yet: run image-assets run first")
