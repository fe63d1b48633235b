import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from image_assets.errors import SettingsError
from image_assets.settings import PREFIX, Settings, load_settings, unknown_variables
from image_assets.settings_page import GROUPS, settings_page, values_of


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Settings]]:
    """Load the settings of an environment that has these variables of the family and no others."""

    def load(**variables: str) -> Settings:
        for name in Settings.model_fields:
            monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(PREFIX + name, value)
        load_settings.cache_clear()
        return load_settings()

    yield load
    load_settings.cache_clear()


def test_an_empty_environment_is_the_documented_default(load: Callable[..., Settings]) -> None:
    settings = load()
    assert (settings.source, settings.warehouse) == ("data/fruits", "data/warehouse")
    assert (settings.backbone, settings.frame_size, settings.spark_master) == ("efficientnet_lite0", 224, "local[*]")
    assert (settings.weights_dir, settings.n_components, settings.spark_extra) == (None, None, {})


def test_variables_set_values_of_every_kind(load: Callable[..., Settings]) -> None:
    settings = load(
        SOURCE="s3://bucket/fruits",
        WEIGHTS_DIR="/weights",
        FRAME_SIZE="96",
        FILTER_CHANNELS="[3, 4]",
        VARIANCE_FRACTION="0.95",
        WHITEN="true",
        TARGET="label",
        SPARK_EXTRA='{"spark.ui.enabled": "true"}',
    )
    assert settings.source == "s3://bucket/fruits"
    assert settings.weights_dir == Path("/weights")
    assert (settings.frame_size, settings.filter_channels) == (96, (3, 4))
    assert (settings.variance_fraction, settings.whiten, settings.target) == (0.95, True, "label")
    assert settings.spark_extra == {"spark.ui.enabled": "true"}


def test_an_empty_variable_is_the_default(load: Callable[..., Settings]) -> None:
    assert load(N_COMPONENTS="", SOURCE="", SPARK_EXTRA="") == load()


@pytest.mark.parametrize(
    ("name", "value"),
    [("N_COMPONENTS", "0"), ("VARIANCE_FRACTION", "1"), ("C", "0"), ("JL_EPS", "1"), ("MAX_ITERATIONS", "0")],
)
def test_what_would_fail_only_in_the_fit_is_refused_at_once(
    load: Callable[..., Settings], name: str, value: str
) -> None:
    with pytest.raises(SettingsError, match=f"IMAGE_ASSETS_{name}='{value}': Input should be"):
        load(**{name: value})


def test_the_environment_is_read_once(load: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load(SEED="7")
    monkeypatch.setenv("IMAGE_ASSETS_SEED", "8")
    assert load_settings() is settings


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("FRAME_SIZE", "large", "valid integer"),
        ("FRAME_SIZE", "0", "greater than or equal to 1"),
        ("ENGINE", "torch", "'openvino', 'onnxruntime' or 'tensorflow'"),
        ("SPARK_TASK_CPUS", "-1", "greater than or equal to 1"),
        ("IMAGENET_TOP_K", "1001", "less than or equal to 1000"),
        ("WHITEN", "maybe", "valid boolean"),
        ("FILTER_CHANNELS", "3,4", "valid tuple"),
    ],
)
def test_a_wrong_value_names_its_variable_and_the_value(
    load: Callable[..., Settings], name: str, value: str, reason: str
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(**{name: value})
    message = str(caught.value)
    assert message.startswith(f"IMAGE_ASSETS_{name}={value!r}: ")
    assert reason in message
    assert message.endswith("docs/settings.md lists the settings and their values")


def test_all_wrong_values_are_named_at_once(load: Callable[..., Settings]) -> None:
    with pytest.raises(SettingsError, match=r"IMAGE_ASSETS_ALPHA='grey'.*; IMAGE_ASSETS_SEED='x'"):
        load(SEED="x", ALPHA="grey")


def test_a_value_that_is_no_json_names_its_variable(load: Callable[..., Settings]) -> None:
    with pytest.raises(SettingsError, match=r"^IMAGE_ASSETS_SPARK_EXTRA='spark\.ui\.enabled=true'"):
        load(SPARK_EXTRA="spark.ui.enabled=true")


@pytest.mark.parametrize(
    ("name", "value"), [("FILTER_CHANNELS", '["three"]'), ("SPARK_EXTRA", '{"spark.task.maxFailures": 4}')]
)
def test_a_value_with_a_wrong_part_names_its_variable(load: Callable[..., Settings], name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"^IMAGE_ASSETS_{name}[=:[ ]"):
        load(**{name: value})


def test_settings_cannot_be_changed_once_read(load: Callable[..., Settings]) -> None:
    with pytest.raises(ValueError, match="frozen"):
        load().seed = 3  # type: ignore[misc]


def test_every_setting_is_described_and_on_the_page() -> None:
    page = settings_page()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name
        assert f"| `IMAGE_ASSETS_{name.upper()}` |" in page
        assert field.description in page


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("alpha", "`white` or `drop`"),
        ("engine", "`openvino`, `onnxruntime` or `tensorflow`"),
        ("export_formats", "JSON list of `parquet` or `csv`"),
        ("filter_channels", "JSON list"),
        ("imagenet_top_k", "whole number from 1 to 1000"),
        ("duplicate_distance", "number above 0 and below 1"),
        ("recording_period_frames", "number above 0"),
        ("s3_path_style", "`true` or `false`"),
        ("spark_extra", "JSON object"),
        ("weights_dir", ""),
    ],
)
def test_the_page_tells_what_a_setting_may_be(name: str, values: str) -> None:
    assert values_of(Settings.model_fields[name]) == values


def test_every_heading_of_the_page_stands_above_a_setting() -> None:
    page = settings_page()
    assert [line[3:] for line in page.splitlines() if line.startswith("## ")] == list(GROUPS.values())
    assert set(GROUPS) <= set(Settings.model_fields)


def test_a_misspelt_variable_is_named_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("IMAGE_ASSETS_")]:
        monkeypatch.delenv(name)
    accepted = (
        "IMAGE_ASSETS_SOURCE",
        "image_assets_seed",
        "IMAGE_ASSETS_SHARED",
        "IMAGE_ASSETS_PYTHON",
        "IMAGE_ASSET_SOURCE",
    )
    for name in accepted:
        monkeypatch.setenv(name, "x")
    assert unknown_variables() == []
    monkeypatch.setenv("IMAGE_ASSETS_WAREHAUS", "x")
    monkeypatch.setenv("IMAGE_ASSETS_XYZZY", "x")
    assert unknown_variables() == [
        "IMAGE_ASSETS_WAREHAUS is no setting and is ignored: did you mean IMAGE_ASSETS_WAREHOUSE?",
        "IMAGE_ASSETS_XYZZY is no setting and is ignored: docs/settings.md lists the settings and their values",
    ]
