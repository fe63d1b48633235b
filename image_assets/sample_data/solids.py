"""Distance functions and surface patterns from which fruits are made, all on points [n, 3].

A length of 1 is about the radius of a fruit; the y axis points from its base to its stem.
"""

from collections.abc import Callable, Sequence

import numpy as np

from image_assets.sample_data.raytracing import Array, Shape

Polar = Callable[[Array, Array], Array]


def ellipsoid(centre: Sequence[float], radii: Sequence[float], turn: float = 0.0) -> Shape:
    """Return an ellipsoid, turned about the y axis by an angle in radians (the bound of I. Quilez)."""
    middle, axes = np.array(centre), np.array(radii)
    cosine, sine = np.cos(turn), np.sin(turn)
    rotation = np.array([(cosine, 0, -sine), (0, 1, 0), (sine, 0, cosine)])

    def distance(points: Array) -> Array:
        local = (points - middle) @ rotation
        scaled = np.linalg.norm(local / axes, axis=1)
        steepness = np.linalg.norm(local / axes**2, axis=1)
        bound: Array = scaled * (scaled - 1) / np.maximum(steepness, 1e-9)
        return 0.8 * bound

    return distance


def tube(corners: Array, radii: Sequence[float]) -> Shape:
    """Return a round tube along the corners [n, 3] of a path, its radius changing from corner to corner."""

    def distance(points: Array) -> Array:
        nearest = np.full(len(points), np.inf)
        for start, end, first, last in zip(corners, corners[1:], radii, radii[1:], strict=False):
            axis = end - start
            along = np.clip((points - start) @ axis / (axis @ axis), 0, 1)
            radius = first + (last - first) * along
            gap = np.linalg.norm(points - start - along[:, None] * axis, axis=1) - radius
            nearest = np.minimum(nearest, gap)
        return 0.9 * nearest

    return distance


def curve(start: Sequence[float], bend: Sequence[float], end: Sequence[float], corners: int = 6) -> Array:
    """Return the corners of a quadratic Bezier curve."""
    t = np.linspace(0, 1, corners)[:, None]
    points: Array = (1 - t) ** 2 * np.array(start) + 2 * t * (1 - t) * np.array(bend) + t**2 * np.array(end)
    return points


def around_axis(radius: Polar) -> Shape:
    """Return a solid by its radius as a function of the angle from the stem and of the azimuth."""

    def distance(points: Array) -> Array:
        gap: Array = np.linalg.norm(points, axis=1) - radius(from_stem(points), azimuth(points))
        return 0.55 * gap

    return distance


def smooth_union(first: Shape, second: Shape, blend: float) -> Shape:
    """Return two solids that flow into each other over a length."""

    def distance(points: Array) -> Array:
        one, other = first(points), second(points)
        share = np.clip(blend - np.abs(one - other), 0, None) / blend
        return np.minimum(one, other) - share**2 * blend / 4

    return distance


def from_stem(points: Array) -> Array:
    """Return the angle between a point and the y axis in radians."""
    return np.arctan2(np.hypot(points[:, 0], points[:, 2]), points[:, 1])


def azimuth(points: Array) -> Array:
    """Return the angle of a point about the y axis in radians."""
    return np.arctan2(points[:, 2], points[:, 0])


def mottle(
    rng: np.random.Generator, frequency: float, stretch: Sequence[float] = (1, 1, 1)
) -> Callable[[Array], Array]:
    """Return a smooth random pattern of mean 0 and standard deviation 1: a sum of 24 plane waves."""
    waves = rng.normal(size=(24, 3)) * frequency * np.array(stretch)
    phases = rng.uniform(0, 2 * np.pi, 24)

    def pattern(points: Array) -> Array:
        values: Array = np.cos(points @ waves.T + phases).sum(axis=1) / np.sqrt(12)
        return values

    return pattern


def dots(rng: np.random.Generator, count: int, radius: float, jitter: float = 0.0) -> Callable[[Array], Array]:
    """Return a pattern that is 1 at evenly spread directions from the origin and 0 beyond an angle in radians."""
    index = np.arange(count) + 0.5
    height = 1 - 2 * index / count
    turn = index * np.pi * (1 + 5**0.5) + rng.uniform(0, 2 * np.pi)
    ring = np.sqrt(1 - height**2)
    directions = np.stack([ring * np.cos(turn), height, ring * np.sin(turn)], axis=-1)
    directions += rng.normal(size=directions.shape) * jitter
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)

    def pattern(points: Array) -> Array:
        unit = points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-9)
        angle = np.arccos(np.clip((unit @ directions.T).max(axis=1), -1, 1))
        return step(angle, radius, 0.5 * radius)

    return pattern


def step(values: Array, low: float, high: float) -> Array:
    """Return 0 at or beyond `low`, 1 at or beyond `high`, smoothly between them (in either direction)."""
    t = np.clip((values - low) / (high - low), 0, 1)
    smooth: Array = t * t * (3 - 2 * t)
    return smooth


def mix(first: Array, second: Array, share: Array) -> Array:
    """Blend two colours: `share` [n] of the second."""
    blended: Array = first + (second - first) * share[:, None]
    return blended


def linear(colour: str) -> Array:
    """Return the linear RGB of an sRGB colour such as `#aa1020` (gamma 2.2)."""
    return (np.array([int(colour[index : index + 2], 16) for index in (1, 3, 5)]) / 255) ** 2.2
