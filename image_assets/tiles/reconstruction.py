"""The reconstructions by name: what a setting may say, and how to add to it.

Registering one's own takes a function from parameters to a `Reconstruction`. A filter of the whole picture, computed
tile by tile, equal to it pixel for pixel::

    import numpy as np
    from image_assets.tiles.neighbourhood import HaloFilter
    from image_assets.tiles.reconstruction import register

    def local_maximum(pixels):
        from scipy import ndimage
        return ndimage.maximum_filter(pixels, size=(5, 5, 1))

    register("local_maximum", lambda: HaloFilter("local_maximum", halo=2, apply=local_maximum))

The brightest value that the tiles of a neighbourhood have at each place::

    register("brightest", lambda: PixelwiseReduction("brightest", transform=np.asarray, reduce=np.maximum))

Names are looked up on the driver; what travels to the executors is the object. Keep the functions in an importable
module, or let cloudpickle (which Spark uses) carry them.
"""

from collections.abc import Callable
from typing import Any

from image_assets.errors import SettingsError
from image_assets.tiles import kernels
from image_assets.tiles.neighbourhood import Reconstruction

ReconstructionFactory = Callable[..., Reconstruction]

_FACTORIES: dict[str, ReconstructionFactory] = {
    "clip_and_sum": kernels.clip_and_sum,
    "gaussian": kernels.gaussian,
    "median": kernels.median,
    "unsharp": kernels.unsharp,
}


def register(name: str, factory: ReconstructionFactory) -> None:
    """Make a reconstruction available by name; `factory` takes its parameters by keyword.

    Raises:
        SettingsError: The name is taken.
    """
    if name in _FACTORIES:
        raise SettingsError(f"a reconstruction {name!r} is registered already; choose another name")
    _FACTORIES[name] = factory


def registered_reconstructions() -> tuple[str, ...]:
    """Return the names that `create_reconstruction` knows, sorted."""
    return tuple(sorted(_FACTORIES))


def create_reconstruction(name: str, **parameters: Any) -> Reconstruction:
    """Return the reconstruction of that name with these parameters.

    Raises:
        SettingsError: The name is not registered, or the parameters do not fit.
    """
    if name not in _FACTORIES:
        raise SettingsError(
            f"no reconstruction {name!r}; registered: {', '.join(registered_reconstructions())}. Register your own "
            f"with image_assets.tiles.reconstruction.register"
        )
    try:
        return _FACTORIES[name](**parameters)
    except TypeError as error:
        raise SettingsError(
            f"reconstruction {name!r} does not take {parameters}: {error}; see image_assets.tiles.kernels"
        ) from error
