"""One picture of a fruit, as a camera on a light table would take it: pose, light, background and noise."""

import numpy as np
from PIL import Image, ImageFilter

from image_assets.sample_data.fruit_models import Fruit
from image_assets.sample_data.raytracing import Array, Light, render

PICTURE_SIZE = 100
_SUPERSAMPLING = 2
_GAMMA = 2.2


def photograph(fruit: Fruit, rng: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """Draw one fruit in a random pose, light and size before a nearly white background.

    Returns:
        The picture (RGB, PICTURE_SIZE x PICTURE_SIZE) and the coverage of the fruit (L, the same size).
    """
    size = PICTURE_SIZE * _SUPERSAMPLING
    colours, coverage = render(
        fruit.model(rng), _pose(fruit.turn, rng), _light(rng), size, extent=rng.uniform(1.15, 1.35)
    )
    mask = Image.fromarray((coverage * 255).astype(np.uint8)).reduce(_SUPERSAMPLING)
    share = np.asarray(mask, np.float64)[..., None] / 255
    picture = _reduced(np.clip(colours, 0, 1)) + (1 - share) * _background(mask, rng)
    grain = rng.normal(0, 0.6, picture.shape)
    pixels = np.clip(picture, 0, 1) ** (1 / _GAMMA) * 255 + grain
    return Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8)), mask


def _pose(largest_turn: float, rng: np.random.Generator) -> Array:
    """Return a rotation: turned about the stem, leaning to the viewer or away, rolled to one side."""
    turn, lean, roll = rng.uniform(-largest_turn, largest_turn), rng.normal(0.3, 0.25), rng.normal(0, 0.35)
    return _rotation(2, roll) @ _rotation(0, lean) @ _rotation(1, turn)


def _rotation(axis: int, angle: float) -> Array:
    matrix = np.eye(3)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return matrix


def _light(rng: np.random.Generator) -> Light:
    direction = np.array([rng.uniform(-0.8, 0.8), rng.uniform(0.4, 1.0), rng.uniform(0.8, 1.2)])
    return Light(direction / np.linalg.norm(direction), rng.uniform(0.75, 1.0), rng.uniform(0.3, 0.45))


def _background(mask: Image.Image, rng: np.random.Generator) -> Array:
    """Return a nearly white background in linear RGB, darker to one side, with a soft shadow below the fruit."""
    axis = np.linspace(-1, 1, PICTURE_SIZE)
    x, y = np.meshgrid(axis, axis)
    angle = rng.uniform(0, 2 * np.pi)
    slope = rng.uniform(0, 0.06) * (x * np.cos(angle) + y * np.sin(angle))
    tint = rng.uniform(0.86, 0.98) + rng.uniform(-0.015, 0.015, 3)
    shadow = np.asarray(mask.filter(ImageFilter.GaussianBlur(6)), np.float64) / 255
    shadow = np.pad(shadow, ((4, 0), (0, 0)))[:PICTURE_SIZE]
    background: Array = (tint + slope[..., None]) * (1 - rng.uniform(0.15, 0.4) * shadow[..., None])
    return background


def _reduced(colours: Array) -> Array:
    height, width, channels = colours.shape
    blocks = colours.reshape(
        height // _SUPERSAMPLING, _SUPERSAMPLING, width // _SUPERSAMPLING, _SUPERSAMPLING, channels
    )
    mean: Array = blocks.mean(axis=(1, 3))
    return mean
