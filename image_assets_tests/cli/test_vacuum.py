from image_assets_tests.cli.process import Workspace, error_of


def test_nothing_recent_is_freed(stored: Workspace) -> None:
    for arguments in (["--dry-run"], []):
        done = stored.image_assets("vacuum", "predictions", *arguments)
        assert done.returncode == 0, done.stderr
        verb = "Would be freed" if arguments else "Freed"
        assert done.stdout.splitlines()[-1] == f"{verb}: 0 files, 0 B; versions of the last 168 h stay readable"


def test_an_unknown_table_or_retention_is_refused(bare: Workspace) -> None:
    assert error_of(bare.image_assets("vacuum", "prediction")) == (
        "error: there is no table 'prediction': did you mean predictions?"
    )
    assert bare.image_assets("vacuum", "--retention-hours", "-1").returncode == 2
    assert bare.image_assets("vacuum").stdout.startswith("Nothing to free: there is no table at ")
