"""What contestants start from: a folder of pictures and an exported graph, made before the clock starts."""

import argparse
import shutil
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness.options import backbone_options
from benchmarks.harness.photographs import copy_photographs
from image_assets.fruits.cnn_features import GRAPHS, PublishedGraph, publish_graph
from image_assets.vision.sources import open_source
from image_assets.warehouse.warehouse import Warehouse

ARTIFACTS = "_artifacts"


@dataclass(frozen=True)
class Prepared:
    """Pictures and a graph.

    Attributes:
        source: the folder of pictures.
        n_images: how many there are, which may be fewer than were asked for.
        classes: of the pictures.
        graph: exported network.
        graph_store: warehouse that holds the graph and nothing else.
    """

    source: Path
    n_images: int
    classes: list[str]
    graph: PublishedGraph
    graph_store: Path

    @property
    def graph_file(self) -> Path:
        """The exported network."""
        return self.graph_store / ARTIFACTS / GRAPHS / f"{self.graph.sha256}.{self.graph.suffix}"

    def new_warehouse(self, folder: Path, *, with_graph: bool = True) -> Path:
        """Return an empty warehouse, at will with the graph already in its cache."""
        shutil.rmtree(folder, ignore_errors=True)
        if with_graph:
            shutil.copytree(self.graph_store / ARTIFACTS, folder / ARTIFACTS)
        return folder


def prepare(arguments: argparse.Namespace, folder: Path) -> Prepared:
    """Copy the pictures and export the graph, or find what an earlier run left in the folder."""
    copy = folder / f"{arguments.source.name}-{arguments.images}"
    source = copy_photographs(arguments.source, arguments.images, copy)
    images = open_source(source)
    classes = images.class_folders()
    n_images = sum(1 for folders in classes.values() for name in folders for _ in images.files(name))
    store = folder / "graphs"
    graph = publish_graph(Warehouse.at(store).artifacts, backbone_options(arguments))
    return Prepared(source, n_images, list(classes), graph, store)
