"""The fit of PCA: ours against MLlib's and scikit-learn's.

    python -m benchmarks.projections --features WAREHOUSE [--components 256] [--runs 3]

Takes the features of a warehouse (the chain makes them), all rows as training rows, so that the three see the same
numbers.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.ml import feature as mllib_feature
from pyspark.ml.functions import array_to_vector
from pyspark.sql import SparkSession
from pyspark.sql.functions import col
from rich.console import Console

from benchmarks.harness.measuring import Spread, interleaved, ratios
from benchmarks.harness.options import work_folder
from benchmarks.harness.report import open_console, print_table, write_report
from image_assets.fruits.blocks import feature_matrix
from image_assets.fruits.projection import ProjectionOptions, fit_projection
from image_assets.spark.session import SparkOptions, start_session
from image_assets.warehouse.data_source import read_table
from image_assets.warehouse.parquet import write_batches
from image_assets.warehouse.warehouse import Warehouse


def timed(action: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Return the seconds of an action, and what it gives."""
    started = time.perf_counter()
    result = action()
    return time.perf_counter() - started, result


def all_training(source: Warehouse, folder: Path) -> Warehouse:
    """Copy `cnn_features` with every row in the training split."""
    found, copy = source.table("cnn_features"), Warehouse.at(folder / "all_training")
    target = copy.table("cnn_features")
    for name in sorted(found.counts()):
        rows = found.read(partitions=[name])
        place = rows.schema.get_field_index("split")
        rows = rows.set_column(place, "split", pa.repeat(pa.scalar("training"), len(rows))).cast(target.schema)
        batches = rows.to_batches()
        files = write_batches(target.root, target.schema, target.partition_column, batches, target.write_options)
        target.commit(files, [name])
    return copy


def measure_pca(arguments: argparse.Namespace, spark: SparkSession, folder: Path, console: Console) -> dict[str, Any]:
    """Fit the same components three ways, in turns; MLlib has its vectors cached, scikit-learn its matrix."""
    from sklearn.decomposition import PCA

    k = arguments.components
    warehouse = all_training(Warehouse.at(arguments.features), folder)
    table = warehouse.table("cnn_features")
    matrix = feature_matrix(table.read(["features"])["features"].combine_chunks())
    vectors = read_table(spark, warehouse, "cnn_features", ["features"])
    vectors = vectors.select(array_to_vector(col("features")).alias("features")).cache()
    vectors.count()

    def ours() -> np.ndarray:
        fitted = fit_projection(spark.sparkContext, table, ProjectionOptions(n_components=k))
        return np.asarray(fitted.arrays["components"])

    def mllib() -> np.ndarray:
        return np.asarray(mllib_feature.PCA(k=k, inputCol="features", outputCol="reduced").fit(vectors).pc.toArray().T)

    def sklearn() -> np.ndarray:
        return np.asarray(PCA(k, svd_solver="full").fit(matrix).components_)

    contestants = {"ours": ours, "MLlib": mllib, "scikit-learn": sklearn}
    found = interleaved({name: partial(timed, action) for name, action in contestants.items()}, arguments.runs, console)
    seconds = {name: [run[0] for run in runs] for name, runs in found.items()}
    reference = found["ours"][0][1]
    apart = {name: up_to_sign(reference, runs[0][1]) for name, runs in found.items()}
    faster = {name: ratios(seconds[name], seconds["ours"]) for name in contestants}
    print_table(
        console,
        f"PCA of {matrix.shape[0]:,} x {matrix.shape[1]:,} to {k}, median (smallest-largest)",
        ["fit", "seconds", "times ours", "largest difference of a loading, up to sign"],
        [(name, Spread.of(seconds[name]), faster[name], f"{apart[name]:.1e}") for name in contestants],
    )
    return {
        "rows": len(matrix),
        "width": matrix.shape[1],
        "seconds": {name: Spread.of(values).as_json() for name, values in seconds.items()},
        "times_ours": {name: spread.as_json() for name, spread in faster.items()},
        "largest_difference": apart,
    }


def up_to_sign(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest difference of two sets of components [k, d] whose signs are free."""
    signs = np.sign(np.einsum("kd,kd->k", one.astype(np.float64), other.astype(np.float64)))
    return float(np.abs(one - other * signs[:, None]).max())


def main() -> None:
    """Read the arguments, measure, write the report."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--features", type=Path, required=True, help="warehouse with cnn_features")
    options.add_argument("--components", type=int, default=256, help="components of the projection")
    options.add_argument("--runs", type=int, default=3, help="rounds of the comparison")
    options.add_argument("--work-dir", type=Path, help="where tables go; a temporary folder by default")
    arguments = options.parse_args()
    console = open_console()
    spark = start_session(SparkOptions(driver_memory="3g"))
    with work_folder(arguments) as folder:
        results = measure_pca(arguments, spark, folder, console)
    write_report("projections", vars(arguments), results, console)


if __name__ == "__main__":
    main()
