import json
import re
import subprocess
import sys

import pytest

from image_assets import __version__
from image_assets_tests.cli.process import Workspace, error_of


def test_help_names_commands_and_exit_codes(bare: Workspace) -> None:
    done = bare.image_assets("--help")
    assert done.returncode == 0
    shown = " ".join(re.sub(r"[│╭╮╰╯─]", " ", done.stdout).split())
    for command in ("classes", "doctor", "failures", "open", "run", "show", "status", "vacuum"):
        assert re.search(rf" {command} +[A-Z]", shown), command
    assert "run Materialize the fruits chain, from the files to predictions" in shown
    assert "130 stopped by Ctrl-C" in shown
    assert "docs/settings.md" in shown


def test_help_does_not_wait_for_heavy_libraries() -> None:
    code = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "from image_assets.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        "heavy = {'dagster', 'pyspark', 'pyarrow', 'deltalake', 'numpy', 'openvino', 'keras'} & set(sys.modules)\n"
        "sys.exit(f'imported: {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


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
    assert error_of(done) == (
        f"error: the source {bare.folder}/source has no class 'Dragonfruit': there are Cherry_1, Kiwi"
    )
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


def test_a_misspelt_class_chain_or_variable_is_answered_with_the_nearest(bare: Workspace) -> None:
    assert error_of(bare.image_assets("run", "Kiwo")).endswith("has no class 'Kiwo': did you mean Kiwi?")
    assert error_of(bare.image_assets("run", "--chain", "fruit")) == (
        "error: there is no chain 'fruit': did you mean fruits?"
    )
    done = bare.image_assets("run", "Kiwo", IMAGE_ASSETS_SORCE="x")
    assert done.stderr.splitlines()[0] == (
        "warning: IMAGE_ASSETS_SORCE is no setting and is ignored: did you mean IMAGE_ASSETS_SOURCE?"
    )


@pytest.mark.parametrize(("home", "problem"), [("", "is not set"), ("relative", "is no absolute path")])
def test_without_a_dagster_instance_the_remedy_is_told(bare: Workspace, home: str, problem: str) -> None:
    for arguments in (["classes", "--register"], ["run"]):
        message = error_of(bare.image_assets(*arguments, DAGSTER_HOME=home))
        assert problem in message
        assert "set DAGSTER_HOME to the absolute path of a folder" in message


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        ("image-assets run K", {"Kiwi"}),
        ("image-assets run --chain ", {"fruits", "imagenet"}),
        ("image-assets vacuum pre", {"predictions"}),
        ("image-assets show X", set()),
    ],
)
def test_the_shell_completes_names(bare: Workspace, words: str, answers: set[str]) -> None:
    done = bare.image_assets(
        _IMAGE_ASSETS_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(len(words.split(" ")) - 1)
    )
    assert set(done.stdout.split()) >= answers
    assert answers or not done.stdout.strip()
    assert "Traceback" not in done.stderr
