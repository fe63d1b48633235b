"""Names that point elsewhere and files that would run code: refused, or harmless."""

import ast
import io
import os
import pickle
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from image_assets.contracts import PREDICTIONS
from image_assets.errors import SourceError, WarehouseError, WeightsError
from image_assets.vision.backbones.torch_weights import read_torch_checkpoint
from image_assets.vision.sources import open_source
from image_assets.warehouse.artifacts import Artifact
from image_assets.warehouse.parquet import write_batches
from image_assets.warehouse.warehouse import Warehouse
from image_assets_tests.shared import REPOSITORY

CLASSES = ["..", "../../escape", "a/../../b", "/etc", "C:\\x", "%2e%2e%2f", "..%2f", "~", "$HOME", "a\\..\\b"]


class Payload:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch {Path('/tmp/image_assets_owned')}",)  # noqa: S108 - must never appear


@pytest.mark.parametrize("value", CLASSES)
def test_no_value_of_a_partition_leaves_the_table(tmp_path: Path, value: str) -> None:
    table = Warehouse.at(tmp_path / "warehouse").table("predictions")
    batch = pa.RecordBatch.from_pylist([{"path": "../../x.jpg", "fruit_class": value}], schema=PREDICTIONS)
    files = write_batches(table.root, table.schema, table.partition_column, [batch], table.write_options)
    table.commit(files, [value])
    written = list(tmp_path.rglob("*.parquet"))
    assert [path.parents[1] for path in written] == [Path(table.root.uri)]
    assert table.read(["path", "fruit_class"]).to_pylist() == [{"path": "../../x.jpg", "fruit_class": value}]


@pytest.mark.parametrize("name", ["a...b", "a,b", "a\x01b"])
def test_folders_that_cannot_be_partitions_are_refused_by_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    (tmp_path / name / "x.jpg").touch()
    with pytest.raises(SourceError, match="cannot name a class"):
        open_source(tmp_path).class_folders()


@pytest.mark.parametrize("path", ["../secret.jpg", "Kiwi/../../secret.jpg", "/etc/hostname"])
def test_a_path_out_of_the_source_is_not_read(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (tmp_path / "source/Kiwi").mkdir(parents=True)
    with pytest.raises(OSError, match="out of the source"):
        open_source(tmp_path / "source").read(path)


@pytest.mark.parametrize("name", ["../predictions", "predictions/../../x", "/etc", ""])
def test_only_known_tables_are_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(WarehouseError, match="there is no table"):
        Warehouse.at(tmp_path).table(name)


def test_an_artefact_that_holds_a_pickle_is_refused(tmp_path: Path) -> None:
    sink = io.BytesIO()
    np.savez(sink, payload=np.array([Payload()], dtype=object))
    store = Warehouse.at(tmp_path).artifacts
    digest = store.put("projection", sink.getvalue(), "npz")
    with pytest.raises(ValueError, match="allow_pickle=False"):
        store.load("projection", digest)


def test_an_artefact_that_was_changed_is_refused(tmp_path: Path) -> None:
    store = Warehouse.at(tmp_path).artifacts
    digest = store.publish("projection", "p", Artifact({"a": np.arange(3)}))
    file = tmp_path / f"_artifacts/projection/{digest}.npz"
    file.write_bytes(file.read_bytes()[:-1] + b"x")
    with pytest.raises(WarehouseError, match="damaged"):
        store.load("projection", digest)


def test_weights_that_would_run_code_are_refused(tmp_path: Path) -> None:
    weights = tmp_path / "weights.pth"
    weights.write_bytes(pickle.dumps(Payload()))
    with pytest.raises(WeightsError, match="system is not admitted"):
        read_torch_checkpoint(weights)
    assert not Path("/tmp/image_assets_owned").exists()  # noqa: S108


def test_nothing_in_the_package_unpickles_freely() -> None:
    allowed = {"image_assets/vision/backbones/torch_weights.py"}  # an unpickler that admits a handful of names
    found = set()
    for path in (REPOSITORY / "image_assets").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = {alias.name for alias in node.names} if isinstance(node, ast.Import | ast.ImportFrom) else set()
            loads = isinstance(node, ast.keyword) and node.arg == "allow_pickle" and getattr(node.value, "value", True)
            if names & {"pickle", "cloudpickle", "joblib", "dill", "shelve", "marshal", "torch"} or loads:
                found.add(path.relative_to(REPOSITORY).as_posix())
    assert found <= allowed
