from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from image_assets.contracts import REDUCED_FEATURES
from image_assets.learning.evaluation import Confusion
from image_assets.plots import confusion_plot, explained_variance_plot, scatter_plot
from image_assets.warehouse.parquet import write_batches
from image_assets.warehouse.table import Table
from image_assets.warehouse.warehouse import Warehouse


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_explained_variance_is_shown_each_and_together() -> None:
    figure = explained_variance_plot([0.5, 0.3, 0.1])
    each, together = figure.axes
    assert [bar.get_bbox().height for bar in each.patches if isinstance(bar, Rectangle)] == [0.5, 0.3, 0.1]
    assert np.asarray(together.lines[0].get_ydata()).tolist() == pytest.approx([0.5, 0.8, 0.9])
    assert each.get_title() == "3 components keep 90.0 % of the variance"


@pytest.fixture
def reduced(tmp_path: Path) -> Table:
    table = Warehouse.at(tmp_path).table("reduced_features")
    rows = [
        {"path": f"{i}.jpg", "fruit_class": name, "split": "test" if i < 2 else "training", "features": features}
        for name, width in (("Kiwi", 3), ("Pear", 1))
        for i, features in enumerate((10 * np.arange(5)[:, None] + np.arange(width)).astype(np.float32))
    ]
    batch = pa.RecordBatch.from_pylist(rows, schema=REDUCED_FEATURES)
    table.commit(write_batches(table.root, table.schema, "fruit_class", [batch], table.write_options), None)
    return table


def points(figure: Figure) -> dict[str, list[list[float]]]:
    return {
        str(collection.get_label()): np.asarray(collection.get_offsets()).tolist()
        for collection in figure.axes[0].collections
    }


def test_a_scatter_shows_the_first_two_components_by_split(reduced: Table) -> None:
    figure = scatter_plot(reduced, "Kiwi")
    assert points(figure) == {"test": [[0, 1], [10, 11]], "training": [[20, 21], [30, 31], [40, 41]]}
    assert figure.axes[0].get_title() == "Kiwi"


def test_a_scatter_of_one_component_shows_it_twice(reduced: Table) -> None:
    assert points(scatter_plot(reduced, "Pear"))["test"] == [[0, 0], [10, 10]]


def test_a_scatter_of_a_class_without_rows_is_empty(reduced: Table) -> None:
    assert points(scatter_plot(reduced, "Fig")) == {"test": [], "training": []}


def test_a_confusion_matrix_shows_counts_and_accuracy() -> None:
    confusion = Confusion.of(["Kiwi", "Kiwi", "Fig", "Pear"], ["Kiwi", "Fig", "Fig", "Pear"])
    figure = confusion_plot(confusion)
    axes = figure.axes[0]
    assert axes.get_title() == "accuracy 75.00% of 4"
    rows = [label.get_text() for label in axes.get_yticklabels()]
    columns = [label.get_text() for label in axes.get_xticklabels()]
    shown = {
        (rows[int(text.get_position()[1])], columns[int(text.get_position()[0])]): text.get_text()
        for text in axes.texts
    }
    assert shown == {("Kiwi", "Kiwi"): "1", ("Kiwi", "Fig"): "1", ("Fig", "Fig"): "1", ("Pear", "Pear"): "1"}
    assert rows == columns
    assert abs(rows.index("Kiwi") - rows.index("Fig")) == 1  # what is confused stands side by side


def test_many_classes_are_not_named() -> None:
    classes = [f"class_{i}" for i in range(70)]
    figure = confusion_plot(Confusion.of(classes, classes))
    assert texts(figure) == []
    assert max(figure.get_size_inches()) < 16


def test_figures_leave_no_trace_in_pyplot() -> None:
    # Stages draw in threads, and pyplot keeps every figure until somebody closes it.
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    explained_variance_plot([1.0])
    assert pyplot.get_fignums() == before
