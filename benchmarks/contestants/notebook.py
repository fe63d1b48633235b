"""The notebook way: `binaryFile`, a pandas UDF with a Keras model per partition, `model.predict`, Parquet.

Written after the approach of published walk-throughs: weights are broadcast once, each of 24 partitions builds
MobileNetV2 anew and fills it with them, Pillow resizes, the label is the parent folder. Where walk-throughs differ, the
faster variant was taken: an iterator UDF builds the model once per partition whatever the Arrow batches are, and the
workers build it without downloading weights that they are about to replace.
"""

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql.functions import col, element_at, split
from pyspark.sql.pandas.functions import pandas_udf

from benchmarks.harness.contestant import contestant_parser, report, started_at

PARTITIONS = 24
IMAGE_SIZE = 224


def network() -> tuple[Any, Any]:
    """Build MobileNetV2 with random weights; return it and its part up to the layer before the classifier."""
    from keras import Model
    from keras.applications.mobilenet_v2 import MobileNetV2

    model = MobileNetV2(weights=None, include_top=True, input_shape=(IMAGE_SIZE, IMAGE_SIZE, 3))
    return model, Model(inputs=model.inputs, outputs=model.layers[-2].output)


def preprocess(content: bytes) -> np.ndarray:
    """Decode, resize and scale one picture as MobileNetV2 expects."""
    from keras.applications.mobilenet_v2 import preprocess_input
    from keras.utils import img_to_array
    from PIL import Image

    picture = Image.open(io.BytesIO(content)).resize((IMAGE_SIZE, IMAGE_SIZE))
    return np.asarray(preprocess_input(img_to_array(picture)))


def load_weights(path: Path | None) -> list[np.ndarray]:
    """Return the ImageNet weights up to the features, from a file or as Keras finds them."""
    from keras.applications.mobilenet_v2 import MobileNetV2

    model, features = network()
    if path is None:
        model.set_weights(MobileNetV2(weights="imagenet").get_weights())
    else:
        model.load_weights(path)
    return list(features.get_weights())


def main() -> None:
    """Extract the features and report."""
    parser = contestant_parser(__doc__)
    parser.add_argument("--output", type=Path, required=True, help="the folder of Parquet files to write")
    parser.add_argument("--weights-dir", type=Path, help="folder with mobilenet_v2.weights.h5")
    arguments = parser.parse_args()
    file = arguments.weights_dir / "mobilenet_v2.weights.h5" if arguments.weights_dir else None

    spark = SparkSession.builder.appName("notebook").config("spark.ui.showConsoleProgress", "false").getOrCreate()
    weights = spark.sparkContext.broadcast(load_weights(file if file and file.is_file() else None))
    ready_after = time.time() - started_at()

    @pandas_udf("array<float>")  # type: ignore[call-overload] # its stubs do not know iterators of arrays
    def features_of(contents: Iterator[pd.Series]) -> Iterator[pd.Series]:
        _, model = network()
        model.set_weights(weights.value)
        for content in contents:
            pictures = np.stack(content.map(preprocess).to_list())
            yield pd.Series([features.flatten() for features in model.predict(pictures, verbose=0)])

    images = (
        spark.read.format("binaryFile")
        .option("pathGlobFilter", "*.jpg")
        .option("recursiveFileLookup", "true")
        .load(str(arguments.source))
        .withColumn("label", element_at(split(col("path"), "/"), -2))
    )
    started = time.time()
    features = images.repartition(PARTITIONS).select("path", "label", features_of("content").alias("features"))
    features.write.mode("overwrite").parquet(str(arguments.output))
    finished_at = time.time()
    report(arguments, finished_at, ready_after=ready_after, job_seconds=finished_at - started)
    spark.stop()


if __name__ == "__main__":
    main()
