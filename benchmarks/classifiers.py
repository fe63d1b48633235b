"""What each projection and classifier gives and costs, on photographs and on 119 classes grown out of them.

    python -m benchmarks.classifiers --work-dir FOLDER [--classes 119] [--varieties 8]
    python -m benchmarks.classifiers --work-dir FOLDER --classes 15 --varieties 1

Every class of the source becomes several that differ in hue and shape (`harness/varieties.py`); one variety leaves the
photographs as they are. Features are computed once per folder; a second run with the same folder finds them.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from rich.console import Console

from benchmarks.harness.chain import Chain
from benchmarks.harness.options import backbone_options, parser, work_folder
from benchmarks.harness.report import open_console, print_table, write_report
from benchmarks.harness.varieties import grow_varieties
from image_assets.fruits import classifier
from image_assets.fruits.classifier import ClassifierOptions
from image_assets.fruits.projection import ProjectionOptions
from image_assets.spark.session import SparkOptions, start_session

METHODS = get_args(ClassifierOptions.__annotations__["method"])
PROJECTIONS = ("pca-4", "pca-32", "pca-128", "pca-256", "pca-512", "srp-256", "srp-512")
KINDS = {"pca": "pca", "srp": "sparse_random_projection"}


@dataclass(frozen=True)
class Trial:
    """A projection with a classifier.

    Attributes:
        projection: such as `pca-256`.
        method: of the classifier.
        seconds: of each stage.
        passes: over the training rows that the classifier took.
        accuracy: of the test split by `fruit_class`.
        top_5_accuracy: the same, if one of five guesses counts.
        accuracy_by_label: varieties merged.
    """

    projection: str
    method: str
    seconds: dict[str, float]
    passes: int
    accuracy: float
    top_5_accuracy: float
    accuracy_by_label: float


def features_of(chain: Chain, console: Console) -> None:
    """Compute the features, unless the warehouse has those of all classes."""
    if set(chain.warehouse.table("cnn_features").counts()) >= set(chain.classes):
        return
    for stage in ("raw_images", "decoded_frames", "cnn_features"):
        done = chain.run(stage)
        console.print(f"[dim]{stage}: {done.images:,} pictures, {done.seconds:.0f} s[/]", highlight=False)


def trials(chain: Chain, names: Sequence[str], console: Console) -> Iterator[Trial]:
    """Fit each projection, and on each both classifiers."""
    for name in names:
        kind, _, k = name.partition("-")
        chain.projection = ProjectionOptions(method=KINDS[kind], n_components=int(k))  # type: ignore[arg-type]
        reducing = {stage: chain.run(stage).seconds for stage in ("feature_projection", "reduced_features")}
        for method in METHODS:
            chain.classifier = ClassifierOptions(method=method)
            fitting = {stage: chain.run(stage).seconds for stage in ("fruit_classifier", "predictions", "evaluation")}
            _, fitted = chain.warehouse.artifacts.latest(classifier.KIND, classifier.NAME)
            scores = chain.scores["fruit_class"]
            trial = Trial(
                name,
                method,
                {**reducing, **fitting},
                int(fitted.metadata.get("evaluations", 1)),
                scores.confusion.accuracy,
                scores.top_5_accuracy,
                chain.scores["label"].confusion.accuracy,
            )
            console.print(f"[dim]{name}, {method}: {trial.accuracy:.4f}[/]", highlight=False)
            yield trial


def measure(arguments: argparse.Namespace, console: Console) -> dict[str, Any]:
    """Measure, print the table, and return what goes into the JSON."""
    with work_folder(arguments) as folder:
        source = arguments.source
        if arguments.varieties > 1:
            grown = folder / f"{arguments.classes}-classes"
            console.print(f"[dim]{grown}[/]", highlight=False, soft_wrap=True)
            source = grow_varieties(
                source,
                grown,
                classes=arguments.classes,
                varieties=arguments.varieties,
                test_share=arguments.test_share,
            )
        warehouse = folder / f"warehouse-{arguments.classes}-{arguments.varieties}-{arguments.backbone}"
        spark = start_session(SparkOptions(driver_memory="3g"))
        chain = Chain(spark, source, warehouse, backbone_options(arguments))
        features_of(chain, console)
        found = list(trials(chain, arguments.projections, console))
        pictures = sum(count.rows for count in chain.warehouse.table("cnn_features").counts().values())
    return summarize(found, len(chain.classes), pictures, console)


def summarize(found: Sequence[Trial], classes: int, pictures: int, console: Console) -> dict[str, Any]:
    """Print the table and return its content."""
    rows = [
        (
            f"{trial.projection}, {trial.method}",
            f"{trial.accuracy:.4f}",
            f"{trial.top_5_accuracy:.4f}",
            f"{trial.accuracy_by_label:.4f}",
            f"{trial.seconds['feature_projection']:.1f}",
            f"{trial.seconds['reduced_features']:.1f}",
            f"{trial.seconds['fruit_classifier']:.1f}",
            trial.passes,
        )
        for trial in found
    ]
    columns = ["fit", "accuracy", "top 5", "by label", "projection, s", "reducing, s", "classifier, s", "passes"]
    print_table(console, f"{pictures:,} pictures of {classes} classes, test split", columns, rows)
    return {"classes": classes, "pictures": pictures, "trials": [vars(trial) for trial in found]}


def options() -> argparse.ArgumentParser:
    """Return the parser of this benchmark."""
    result = parser(__doc__, images=None, runs=1, backbone="efficientnet_lite0")
    result.add_argument("--classes", type=int, default=119, help="classes in all")
    result.add_argument("--varieties", type=int, default=8, help="of each class of the source; 1 takes it as it is")
    result.add_argument("--test-share", type=float, default=0.25, help="share of the test pictures that is used")
    result.add_argument("--projections", nargs="+", default=list(PROJECTIONS), help="kind and number of components")
    return result


def main() -> None:
    """Read the arguments, measure, write the report."""
    arguments = options().parse_args()
    console = open_console()
    write_report(f"classifiers_{arguments.classes}", vars(arguments), measure(arguments, console), console)


if __name__ == "__main__":
    main()
