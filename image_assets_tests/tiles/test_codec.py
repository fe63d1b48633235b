import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from image_assets.errors import SourceError
from image_assets.tiles.codec import Compression, decode_pixels, encode_pixels
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.scene import Pixels

dtypes = st.sampled_from(["u1", "i1", "u2", "i2", ">u2", "i4", "u4", "i8", "f4", "f8"])
shapes = st.tuples(st.integers(0, 40), st.integers(1, 40), st.integers(1, 5))
arrays = dtypes.flatmap(lambda dtype: hnp.arrays(dtype, shapes))


@given(arrays, st.sampled_from(["zstd", "raw"]))
def test_decoding_gives_the_same_bits(pixels: Pixels, compression: Compression) -> None:
    decoded = decode_pixels(encode_pixels(pixels, compression))
    assert decoded.shape == pixels.shape
    assert decoded.dtype == pixels.dtype.newbyteorder("=")
    assert decoded.tobytes() == pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()


def test_a_part_of_a_larger_picture_can_be_encoded_without_copying_it_first() -> None:
    picture = np.arange(300, dtype=np.uint16).reshape(10, 10, 3)
    np.testing.assert_array_equal(decode_pixels(encode_pixels(picture[2:7, 3:6])), picture[2:7, 3:6])


@pytest.mark.parametrize(("channels", "dtype", "at_least"), [(1, "uint8", 1.5), (4, "int16", 2.8)])
def test_pictures_become_smaller(channels: int, dtype: str, at_least: float) -> None:
    name = f"generated_500x500x{channels}_{dtype}_seed1"
    pixels = GeneratedScene.from_name(name).read_window(0, 0, 500, 500)
    assert pixels.nbytes / len(encode_pixels(pixels)) > at_least


@pytest.mark.parametrize("pixels", [np.zeros((3, 3), np.uint8), np.zeros((3, 3, 1), bool)])
def test_an_array_that_is_no_tile_is_refused(pixels: Pixels) -> None:
    with pytest.raises(ValueError, match=r"expected an array of numbers of shape \(rows, columns, channels\)"):
        encode_pixels(pixels)


def test_bytes_that_are_no_tile_are_refused() -> None:
    with pytest.raises(SourceError, match="are not an encoded tile"):
        decode_pixels(b"\xff\xd8\xff\xe0" + bytes(40))


@pytest.mark.parametrize("compression", ["zstd", "raw"])
def test_a_tile_that_is_cut_short_is_refused_with_its_size(compression: Compression) -> None:
    payload = encode_pixels(np.arange(5000, dtype=np.int32).reshape(50, 50, 2), compression)
    with pytest.raises(SourceError, match="50 x 50 x 2 int32 is damaged"):
        decode_pixels(payload[:-7])
