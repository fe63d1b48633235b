"""The 1,000 classes of ImageNet (ILSVRC 2012) and the best of them by their probabilities.

The index of a class is the rank of its WordNet id, which is the order of the output of every Keras model.
"""

from functools import cache
from importlib.resources import as_file, files
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from image_assets.errors import SettingsError
from image_assets.vision.arrow import list_array

N_CLASSES = 1000


class ImagenetClasses(NamedTuple):
    """The classes, in the order of a network's output.

    Attributes:
        wnids: WordNet ids, such as n02124075.
        labels: Names, such as Egyptian_cat; two names, crane and maillot, belong to two classes each.
    """

    wnids: pa.StringArray
    labels: pa.StringArray


class TopClasses(NamedTuple):
    """The best classes of n pictures: three lists per picture, parallel, best first.

    Attributes:
        wnids: list<string>.
        labels: list<string>.
        scores: list<float>, softmax probabilities.
    """

    wnids: pa.ListArray
    labels: pa.ListArray
    scores: pa.ListArray


@cache
def imagenet_classes() -> ImagenetClasses:
    """Return the 1,000 classes from the list that comes with this package."""
    with as_file(files("image_assets.vision") / "imagenet_classes.csv") as path:
        table = csv.read_csv(path).combine_chunks()
    return ImagenetClasses(table["wnid"].chunk(0), table["label"].chunk(0))


def top_k(probabilities: npt.NDArray[np.float32], k: int) -> TopClasses:
    """Return the k most probable classes of each row; of equal ones the first in the list.

    Args:
        probabilities: float32 (n, 1000), a softmax per row.
        k: 1 to 1,000.

    Returns:
        Three arrays of n lists of k elements.

    Raises:
        SettingsError: k is out of range.
    """
    if not 1 <= k <= N_CLASSES:
        raise SettingsError(f"The number of classes per picture is {k}; it must be 1 to {N_CLASSES}")
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :k]
    scores = list_array(np.take_along_axis(probabilities, best, axis=1))
    classes = imagenet_classes()
    indices = pa.array(best.reshape(-1))
    wnids, labels = (
        pa.ListArray.from_arrays(scores.offsets, names.take(indices)) for names in (classes.wnids, classes.labels)
    )
    return TopClasses(wnids, labels, scores)
