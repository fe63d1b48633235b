import numpy as np

from image_assets.tiles.contributions import Patch, decode_contribution, encode_contribution, encode_contributions
from image_assets.tiles.geometry import TileGrid, Window


def test_patches_of_different_dtypes_keep_their_place_and_values() -> None:
    contribution = (
        Patch(Window(7_000_000_000, 4, 3, 2), np.arange(6, dtype=np.int16).reshape(2, 3, 1)),
        Patch(Window(0, 0, 1, 1), np.full((1, 1, 4), 0.5, np.float32)),
    )
    for compression in ("raw", "zstd"):
        decoded = decode_contribution(encode_contribution(contribution, compression))
        assert [patch.window for patch in decoded] == [patch.window for patch in contribution]
        for found, expected in zip(decoded, contribution, strict=True):
            assert found.pixels.dtype == expected.pixels.dtype
            np.testing.assert_array_equal(found.pixels, expected.pixels)


def test_an_empty_contribution_has_no_bytes() -> None:
    assert encode_contribution(()) == b""
    assert decode_contribution(b"") == ()


def test_a_copy_for_several_targets_is_encoded_once() -> None:
    grid = TileGrid("s", 4, 2, 2)
    copy = (Patch(Window(0, 0, 2, 2), np.ones((2, 2, 1), np.uint8)),)
    other = (Patch(Window(2, 0, 2, 2), np.zeros((2, 2, 1), np.uint8)),)
    left, right = grid.tiles()
    encoded = list(encode_contributions([(left, copy), (right, copy), (right, other)]))
    assert [target for target, _ in encoded] == [left, right, right]
    assert encoded[0][1] is encoded[1][1]
    assert encoded[2][1] == encode_contribution(other) != encoded[1][1]
