from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from image_assets.errors import SettingsError
from image_assets.fruits.cnn_features import GRAPHS, BackboneOptions, open_graph, publish_graph
from image_assets.warehouse.warehouse import Warehouse

if TYPE_CHECKING:
    from image_assets_tests.assets.project import Run


def test_a_graph_that_the_warehouse_has_is_not_exported_again(chain: "Run") -> None:
    store = chain.project.warehouse.artifacts
    graph = publish_graph(store, BackboneOptions())
    assert graph.features == chain.metadata("cnn_features")["Cherry"]["configuration"]["backbone"]
    assert (graph.suffix, graph.input_size) == ("onnx", 224)
    assert len(store.get(GRAPHS, graph.sha256, graph.suffix)) > 10_000_000  # 4 million weights


def test_an_unknown_backbone_is_named_with_those_that_are_known(tmp_path: object) -> None:
    with pytest.raises(SettingsError, match=r"no backbone 'resnet5000'; choose one of: efficientnet_lite0, "):
        publish_graph(Warehouse.at(str(tmp_path)).artifacts, BackboneOptions(name="resnet5000"))


def test_two_runs_that_find_no_graph_publish_the_same_one(tmp_path: Path) -> None:
    options = BackboneOptions()
    stores = [Warehouse.at(str(tmp_path)).artifacts for _ in range(2)]
    with ThreadPoolExecutor(2) as runs:  # each exports in a child process of its own
        graphs = list(runs.map(lambda store: publish_graph(store, options), stores))
    assert graphs[0] == graphs[1]
    [exported] = tmp_path.rglob("*.onnx")
    assert exported.stem == graphs[0].sha256
    assert [path for path in tmp_path.rglob(".*") if path.is_file()] == []  # no drafts are left
    engine = open_graph(stores[0], graphs[0], options.engine)
    features = engine.run(np.full((1, 224, 224, 3), 128, np.uint8))
    assert features.shape == (1, 1280)
    assert np.isfinite(features).all()
    assert features.any()
