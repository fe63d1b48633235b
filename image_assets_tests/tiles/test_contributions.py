import numpy as np

from image_assets.tiles.contributions import Patch, contribution_parts, decode_contribution
from image_assets.tiles.geometry import Window


def test_patches_of_different_dtypes_keep_their_place_and_values() -> None:
    contribution = (
        Patch(Window(7_000_000_000, 4, 3, 2), np.arange(6, dtype=np.int16).reshape(2, 3, 1)),
        Patch(Window(0, 0, 1, 1), np.full((1, 1, 4), 0.5, np.float32)),
    )
    decoded = decode_contribution(b"".join(contribution_parts(contribution)))
    assert [patch.window for patch in decoded] == [patch.window for patch in contribution]
    for found, expected in zip(decoded, contribution, strict=True):
        assert found.pixels.dtype == expected.pixels.dtype
        np.testing.assert_array_equal(found.pixels, expected.pixels)


def test_an_empty_contribution_has_no_bytes() -> None:
    assert list(contribution_parts(())) == []
    assert decode_contribution(b"") == ()
