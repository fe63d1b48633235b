"""In what order classes are shown, so that classes that look alike stand together.

Here belongs the clustering of classes; pictures are clustered elsewhere.
"""

import numpy as np

from image_assets.learning.moments import Float64Array, IntArray


def order_by_distance(distances: Float64Array) -> IntArray:
    """Return the classes, int64 [c], as the leaves of an average-linkage tree, neighbours as close as the tree allows.

    Z. Bar-Joseph, D. K. Gifford and T. S. Jaakkola, "Fast optimal leaf ordering for hierarchical clustering",
    Bioinformatics 17, 2001.

    Args:
        distances: float64 [c, c], symmetric, zero on the diagonal.
    """
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(distances) < 3:
        return np.arange(len(distances))
    tree = linkage(squareform(distances, checks=False), method="average", optimal_ordering=True)
    return np.asarray(leaves_list(tree), dtype=np.int64)


def confusion_distances(counts: IntArray) -> Float64Array:
    """Return 1 minus the share of pictures of either class taken for the other, float64 [c, c].

    Args:
        counts: int64 [c, c], true class in rows, predicted class in columns.
    """
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    distances = 1 - (shares + shares.T) / 2
    np.fill_diagonal(distances, 0.0)
    return np.asarray(distances)
