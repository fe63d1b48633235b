"""A command that runs several chains: how one that is stopped or fails leaves the others. The jobs are small ones."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from dagster import AssetsDefinition, Definitions, asset, define_asset_job

from image_assets.automation.partitions import fruit_class_partitions
from image_assets.cli.chains.chain import Chain
from image_assets.cli.console import table
from image_assets.cli.run import RunError, run
from image_assets.errors import SourceError
from image_assets.settings import Settings

Work = Callable[[], None]


def chain_of(name: str, with_all: Callable[[Settings], bool] = lambda _: True) -> Chain:
    return Chain(
        name=name,
        job=name,
        describe="",
        available=lambda _: ["Kiwi"],
        place=lambda _: "a source",
        partitions="fruit_class",
        kept=lambda _: set(),
        results=lambda _, names: [{"fruit_class": key} for key in names],
        draw=lambda _, rows: table("Result", ("class",), [[f"{row['fruit_class']} by {name}"] for row in rows]),
        with_all=with_all,
    )


def asset_of(name: str, work: Work) -> AssetsDefinition:
    @asset(name=f"{name}_asset", partitions_def=fruit_class_partitions)
    def made() -> None:
        work()

    return made


@pytest.fixture
def prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that takes the work of each chain, and the chains where they are not the usual ones."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "home").mkdir()
    (tmp_path / "home/dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))

    def prepared(works: dict[str, Work], **chains: Chain) -> None:
        found = {name: chains.get(name) or chain_of(name) for name in works}

        def definitions(_settings: Settings, _resources: Any) -> Definitions:
            jobs = [define_asset_job(name, selection=[f"{name}_asset"]) for name in works]
            return Definitions([asset_of(name, work) for name, work in works.items()], jobs=jobs)

        monkeypatch.setattr("image_assets.cli.run.CHAINS", found)
        monkeypatch.setattr("image_assets.cli.run.DEFAULT_CHAIN", next(iter(found)))
        monkeypatch.setattr("image_assets.definitions.build_definitions", definitions)

    return prepared


def ask_to_stop() -> None:
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(1)  # no progress is reported, so that nothing ends the asset


def test_a_request_to_stop_that_no_asset_hears_begins_no_other_chain(
    prepare: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    began: list[str] = []
    prepare({"first": ask_to_stop, "second": lambda: began.append("second")})
    with pytest.raises(typer.Exit) as ended:
        run()
    assert ended.value.exit_code == 130
    assert began == []
    told = capfd.readouterr()
    assert "stopping: what is committed is kept" in told.out
    assert "Kiwi by first" in told.out
    assert "stopped after the chain first, which is done; go on with: image-assets" in told.err


def test_a_chain_that_fails_leaves_the_results_before_it(
    prepare: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise SourceError("the folder is gone: bring it back")

    for as_json in (False, True):
        prepare({"first": lambda: None, "second": fail})
        with pytest.raises(RunError, match="second_asset: the folder is gone: bring it back"):
            run(as_json=as_json)
        told = capfd.readouterr().out
        if as_json:
            document = json.loads(told)
            assert (document["chain"], document["classes"]) == ("first", [{"fruit_class": "Kiwi"}])
            (further,) = document["further"]
            assert further["chain"] == "second"
            assert further["error"].startswith("second_asset: the folder is gone")
        else:
            assert "Kiwi by first" in told


def test_a_source_that_cannot_be_asked_is_told_when_the_chains_before_it_are_done(
    prepare: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(_: Settings) -> bool:
        raise SourceError("a,b.tif cannot be a scene: rename it")

    began: list[str] = []
    works: dict[str, Work] = {"first": lambda: began.append("first"), "second": lambda: began.append("second")}
    prepare(works, second=chain_of("second", refuse))
    with pytest.raises(SourceError, match="cannot be a scene"):
        run()
    assert began == ["first"]
    assert "Kiwi by first" in capfd.readouterr().out
