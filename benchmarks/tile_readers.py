"""Why tiles are read and stored as they are: readers, codecs and the cost of tiling, on one core.

    python benchmarks/tile_readers.py readers --picture ../shared/data/scenes/highsmith_7026x9221.jpg
    python benchmarks/tile_readers.py codecs
    python benchmarks/tile_readers.py kernels

Readers that are not installed (zarr, rasterio, pyvips) are left out. Each reader runs in a process of its own; memory
is the growth of its resident size while it reads.
"""

import argparse
import importlib
import importlib.util
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pyarrow as pa
import tifffile

from image_assets.tiles.codec import decode_pixels, encode_pixels
from image_assets.tiles.contributions import contribution_parts, decode_contribution
from image_assets.tiles.generated import GeneratedScene
from image_assets.tiles.geometry import Tile, TileGrid, Window
from image_assets.tiles.neighbourhood import Reconstruction
from image_assets.tiles.readers import open_scene, read_tasks, read_tiles
from image_assets.tiles.reconstruction import create_reconstruction
from image_assets.tiles.scene import Pixels
from image_assets.tiles.statistics import tile_statistics
from image_assets.tiles.strategies import strategy

TILE = 2000
LAYOUTS: dict[str, dict[str, Any]] = {
    "tiled deflate": {"tile": (512, 512), "compression": "adobe_deflate", "predictor": True},
    "tiled zstd": {"tile": (512, 512), "compression": "zstd", "predictor": True},
    "tiled jpeg": {"tile": (512, 512), "compression": "jpeg"},
    "strips lzw": {"rowsperstrip": 16, "compression": "lzw", "predictor": True},
    "one strip uncompressed": {"rowsperstrip": 1 << 20},
}


def best_seconds(function: Callable[[], object], repeats: int = 5) -> float:
    """Return the shortest of several runs: the machine is shared."""
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def peak_mib() -> float:
    """Return the largest resident size of this process so far, since `reset_peak` (Linux)."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def reset_peak() -> None:
    """Let `peak_mib` begin from the resident size of now."""
    Path("/proc/self/clear_refs").write_text("5")


def window_reader(library: str, path: Path) -> Callable[[Window], Pixels]:
    """Return a function that reads a window with another library."""
    if library == "zarr":
        pixels: Any = importlib.import_module("zarr").open(tifffile.imread(path, aszarr=True), mode="r")
        return lambda window: np.asarray(pixels[window.top : window.bottom, window.left : window.right])
    if library == "rasterio":
        dataset = importlib.import_module("rasterio").open(path)
        rectangle = importlib.import_module("rasterio.windows").Window
        return lambda window: np.moveaxis(dataset.read(window=rectangle(*window)), 0, 2)
    if library == "pyvips":
        image = importlib.import_module("pyvips").Image.new_from_file(str(path), access="random")
        return lambda window: np.asarray(image.crop(*window).numpy())
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    whole = np.asarray(Image.open(path))
    return lambda window: whole[window.within(Window(0, 0, whole.shape[1], whole.shape[0]))]


def measure_reader(library: str, path: Path) -> None:
    """Read every tile of a file once and print the figures."""
    reader = open_scene(path)
    info = reader.describe()
    grid = TileGrid(path.name, info.width, info.height, TILE)
    reset_peak()
    before, start, total = peak_mib(), time.perf_counter(), 0
    if library == "image_assets":
        for group in read_tasks(grid, info.access):
            for _, pixels in read_tiles(reader, group):
                total += int(pixels.sum(dtype=np.int64))
    else:
        read = window_reader(library, path)
        for tile in grid.tiles():
            total += int(read(tile.window).sum(dtype=np.int64))
    speed = grid.window.area / 1e6 / (time.perf_counter() - start)
    print(f"{path.name:28s} {library:14s} {speed:7.1f} Mpx/s  +{peak_mib() - before:5.0f} MiB  sum {total}")


def compare_readers(picture: Path) -> None:
    """Write the picture in several layouts and read each with every library that is installed."""
    reader = open_scene(picture)
    info = reader.describe()
    whole = reader.read_window(0, 0, info.width, info.height)
    installed = [name for name in ("zarr", "rasterio", "pyvips", "PIL") if importlib.util.find_spec(name)]
    with tempfile.TemporaryDirectory() as folder:
        paths = [picture, Path(folder) / "picture.png"]
        paths[1].write_bytes(imagecodecs.png_encode(whole, 1))
        for name, options in LAYOUTS.items():
            paths.append(Path(folder) / f"{name}.tif")
            tifffile.imwrite(paths[-1], whole, photometric="rgb", metadata=None, **options)
        for path in paths:
            for library in ["image_assets", *installed]:
                if library == ("PIL" if path.suffix == ".tif" else "zarr"):
                    continue
                command = [sys.executable, __file__, "one", "--library", library, "--picture", str(path)]
                subprocess.run(command, check=False)


def compare_codecs() -> None:
    """Compress tiles of a grey and a colour scene and of the study's integers in several ways."""
    zstd = partial(pa.Codec("zstd", 1).compress, asbytes=True)

    def delta(tile: Pixels) -> bytes:
        return imagecodecs.delta_encode(tile, axis=1).tobytes()

    candidates: dict[str, Callable[[Pixels], bytes]] = {
        "zstd 1": lambda tile: zstd(tile.tobytes()),
        "delta, zstd 1": lambda tile: zstd(delta(tile)),
        "delta, bitshuffle, zstd 1 (ours)": encode_pixels,
        "delta, deflate 1": lambda tile: bytes(imagecodecs.deflate_encode(delta(tile), 1)),
        "delta, deflate 6": lambda tile: bytes(imagecodecs.deflate_encode(delta(tile), 6)),
        "png 1": lambda tile: bytes(imagecodecs.png_encode(tile.view(f"u{tile.itemsize}"), 1)),
    }
    for channels, dtype in ((1, "uint8"), (3, "uint8"), (4, "int16")):
        scene = GeneratedScene.from_name(f"generated_{TILE}x{TILE}x{channels}_{dtype}_seed1")
        tile = scene.read_window(0, 0, TILE, TILE)
        for name, encode in candidates.items():
            seconds, size = best_seconds(partial(encode, tile), 3), len(encode(tile))
            speed, ratio = tile.nbytes / 1e6 / seconds, tile.nbytes / size
            print(f"{channels} x {dtype:6s} {name:34s} {ratio:5.2f} : 1 {speed:6.0f} MB/s")
        payload = encode_pixels(tile)
        seconds = best_seconds(partial(decode_pixels, payload), 3)
        print(f"{channels} x {dtype:6s} {'decoding ours':34s} {'':9s} {tile.nbytes / 1e6 / seconds:6.0f} MB/s")


def filter_alone(chosen: Reconstruction, tiles: dict[Tile, Pixels]) -> None:
    """Filter every tile as a scene of its own, without a halo: wrong at its borders, but all that can be hoped for."""
    alone = TileGrid("alone", TILE, TILE, TILE).tile(0, 0)
    for pixels in tiles.values():
        chosen.reconstruct([(alone, pixels)], alone)


def filter_with_halo(chosen: Reconstruction, tiles: dict[Tile, Pixels], grid: TileGrid) -> None:
    """Filter every tile with its halo, all strips through the bytes of the shuffle."""
    plan = strategy("partial")
    sent: dict[Tile, list[bytes]] = {}
    for task in plan.tasks(grid, 1):
        for target, contribution in plan.send(chosen, task, tiles[task.source]):
            sent.setdefault(target, []).append(b"".join(contribution_parts(contribution)))
    for target, payloads in sent.items():
        plan.receive(chosen, target, map(decode_contribution, payloads))


def compare_kernels() -> None:
    """Filter a scene of 16 tiles whole and tile by tile through the bytes of the shuffle; megapixels a second."""
    scene = GeneratedScene(1, 4 * TILE, 4 * TILE)
    grid = TileGrid(scene.name, scene.width, scene.height, TILE)
    tiles = {tile: scene.read_window(*tile.window) for tile in grid.tiles()}
    picture = scene.read_window(0, 0, scene.width, scene.height)
    megapixels = grid.window.area / 1e6
    whole = TileGrid(scene.name, scene.width, scene.height, scene.width).tile(0, 0)
    for name in ("gaussian", "median", "unsharp"):
        chosen = create_reconstruction(name)
        in_one = best_seconds(partial(chosen.reconstruct, [(whole, picture)], whole), 3)
        alone = best_seconds(partial(filter_alone, chosen, tiles), 3)
        through = best_seconds(partial(filter_with_halo, chosen, tiles, grid), 3)
        print(
            f"{name:9s} whole {megapixels / in_one:6.1f}  tiles without halo {megapixels / alone:6.1f}  "
            f"tiles with halo {megapixels / through:6.1f} Mpx/s: {in_one / through:.2f} of whole"
        )
    tile = next(iter(tiles))
    for label, function in {
        "generate": lambda: scene.read_window(*tile.window),
        "encode": lambda: encode_pixels(tiles[tile]),
        "statistics": lambda: tile_statistics(tiles[tile], tile),
    }.items():
        print(f"{label:11s} {tile.window.area / 1e6 / best_seconds(function):6.1f} Mpx/s")


def main() -> None:
    """Run what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["readers", "codecs", "kernels", "one"])
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--library", default="image_assets")
    arguments = parser.parse_args()
    if arguments.what in ("readers", "one") and arguments.picture is None:
        parser.error("readers needs --picture")
    if arguments.what == "readers":
        compare_readers(arguments.picture)
    elif arguments.what == "one":
        measure_reader(arguments.library, arguments.picture)
    elif arguments.what == "codecs":
        compare_codecs()
    else:
        compare_kernels()


if __name__ == "__main__":
    main()
