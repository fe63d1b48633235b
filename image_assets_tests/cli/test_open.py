from image_assets_tests.cli.process import Workspace, error_of


def test_the_address_of_the_report_is_printed(stored: Workspace) -> None:
    done = stored.image_assets("open", "--print")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{(stored.warehouse / 'report.html').as_uri()}\n"


def test_before_there_is_one_it_says_how_to_get_it(bare: Workspace) -> None:
    message = error_of(bare.image_assets("open"))
    assert message == f"error: there is no report at {bare.warehouse}/report.html yet: run image-assets run first"
