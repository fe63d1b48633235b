import pytest

from image_assets.errors import IncompatibleArtifactError
from image_assets.learning.projections import projection_from_arrays


@pytest.mark.parametrize("metadata", [{}, {"kind": "umap"}])
def test_a_stored_projection_of_an_unknown_kind_is_refused(metadata: dict[str, str]) -> None:
    with pytest.raises(IncompatibleArtifactError, match=r"knows pca, sparse_random_projection: fit it again"):
        projection_from_arrays({}, metadata)
