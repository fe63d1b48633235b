from typing import TYPE_CHECKING

import pytest

from image_assets.errors import SettingsError
from image_assets.fruits.cnn_features import GRAPHS, BackboneOptions, publish_graph
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
