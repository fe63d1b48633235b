import json
import re

from image_assets import __version__
from image_assets_tests.cli.process import Workspace, error_of


def test_help_names_the_commands(bare: Workspace) -> None:
    done = bare.image_assets("--help")
    assert done.returncode == 0
    shown = " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.stdout).split())
    assert "classes List the classes of the source and whether they are registered as partitions." in shown
    assert "run Materialize the fruits chain, from the files to predictions and their evaluation." in shown
    assert "docs/settings.md" in shown


def test_the_version_is_that_of_the_package(bare: Workspace) -> None:
    done = bare.image_assets("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{__version__}\n", "")


def test_a_wrong_command_line_is_exit_code_2(bare: Workspace) -> None:
    done = bare.image_assets("clases")
    assert done.returncode == 2
    assert "No such command 'clases'" in done.stderr
    assert done.stdout == ""


def test_a_missing_source_is_named_with_the_remedy(bare: Workspace) -> None:
    done = bare.image_assets("run", IMAGE_ASSETS_SOURCE="/nowhere/at/all")
    assert done.returncode == 1
    assert error_of(done) == (
        "error: the source '/nowhere/at/all' is no folder: set IMAGE_ASSETS_SOURCE to a folder that holds a folder of "
        "pictures per class"
    )


def test_a_source_without_pictures_is_named(bare: Workspace) -> None:
    (bare.folder / "notes").mkdir()
    done = bare.image_assets("run", IMAGE_ASSETS_SOURCE="notes")
    assert done.returncode == 1
    assert error_of(done).startswith(f"error: the source {bare.folder}/notes holds no folder with pictures: set IMAGE_")


def test_an_unknown_class_is_named_with_those_of_the_source(bare: Workspace) -> None:
    done = bare.image_assets("run", "Kiwi", "Dragonfruit")
    assert done.returncode == 1
    assert error_of(done) == (f"error: the source {bare.folder}/source has no class Dragonfruit; it has Cherry_1, Kiwi")
    assert not bare.warehouse.exists()


def test_a_machine_without_java_gets_the_remedy(bare: Workspace) -> None:
    empty = bare.folder / "empty"
    empty.mkdir()
    done = bare.image_assets("run", PATH=str(empty), JAVA_HOME="")
    assert done.returncode == 1
    assert error_of(done) == (
        "error: Spark needs Java, and none was found (no java on PATH): install Java 17 or newer (Debian and Ubuntu: "
        "apt-get install openjdk-17-jre-headless; macOS: brew install openjdk@17) or point JAVA_HOME to it"
    )


def test_a_malformed_setting_is_named_with_its_value(bare: Workspace) -> None:
    done = bare.image_assets("run", IMAGE_ASSETS_FRAME_SIZE="large")
    assert done.returncode == 1
    assert error_of(done).startswith("error: IMAGE_ASSETS_FRAME_SIZE='large': Input should be a valid integer")


def test_an_error_is_one_line_wherever_it_goes(bare: Workspace) -> None:
    done = bare.image_assets("run", IMAGE_ASSETS_SOURCE="/nowhere/at/all", COLUMNS="")
    assert len(done.stderr.splitlines()) == 1


def test_what_the_working_directory_sets_wins(bare: Workspace) -> None:
    # As with Dagster's own commands, so that classes that one command registers are known to the other.
    home = bare.folder / "of the project"
    (bare.folder / ".env").write_text(f"IMAGE_ASSETS_SOURCE={bare.folder}/other\nDAGSTER_HOME='{home}'\n")
    (bare.folder / "other/Fig").mkdir(parents=True)
    (bare.folder / "other/Fig/0.png").touch()
    done = bare.image_assets("classes", "--register", "--json")
    assert done.returncode == 0, done.stderr
    assert [row["fruit_class"] for row in json.loads(done.stdout)] == ["Fig"]
    assert any(home.rglob("*.db"))
    assert not (bare.folder / "home").exists()


def test_the_instance_of_the_working_directory_is_used_where_none_is_set(bare: Workspace) -> None:
    home = bare.folder / ".dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    assert bare.image_assets("classes", "--register", DAGSTER_HOME="").returncode == 0
    assert any(home.rglob("*.db"))
