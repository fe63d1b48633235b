"""What each fruit of the sample looks like: its solids and its surface, a little different every time.

A model is a function from a random generator to the parts of one fruit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from image_assets.sample_data.raytracing import Array, Part, Shape
from image_assets.sample_data.solids import (
    around_axis,
    azimuth,
    curve,
    dots,
    ellipsoid,
    from_stem,
    linear,
    mix,
    mottle,
    smooth_union,
    step,
    tube,
)

Model = Callable[[np.random.Generator], list[Part]]
Colour = Callable[[Array], Array]


def _plain(colour: str) -> Colour:
    return lambda points: np.broadcast_to(linear(colour), points.shape)


def _stem(rng: np.random.Generator, base: float, tip: float, radius: float) -> Part:
    lean_x, lean_z = rng.uniform(-0.2, 0.2, 2)
    path = curve((0, base, 0), (0, (base + tip) / 2, 0), (lean_x, tip, lean_z))
    return Part(tube(path, np.linspace(radius, 1.4 * radius, len(path)).tolist()), _plain("#5b4124"), 0.05, 8)


def _apple_shape(rng: np.random.Generator) -> Shape:
    squash, lobes, phase = rng.uniform(0.9, 1.0), rng.uniform(0.01, 0.03), rng.uniform(0, 6.3)

    def radius(angle: Array, turn: Array) -> Array:
        dimples = 0.42 * np.exp(-((angle / 0.4) ** 2)) + 0.16 * np.exp(-(((np.pi - angle) / 0.32) ** 2))
        taper = 1 - 0.1 * (1 - np.cos(angle)) / 2
        height = 1 - (1 - squash) * np.cos(angle) ** 2
        return taper * height * (1 + lobes * np.cos(5 * turn + phase) * step(angle, 1.2, 2.6)) - dimples

    return around_axis(radius)


def apple_red_1(rng: np.random.Generator) -> list[Part]:
    """Return a dark red apple with pale dots."""
    shade, streaks = mottle(rng, 1.6), mottle(rng, 2.0, (5, 0.5, 5))
    pale = dots(rng, 260, 0.028, 0.05)

    def colour(points: Array) -> Array:
        red = mix(
            linear("#7d0f1b"), linear("#b3202c"), np.clip(0.5 + 0.25 * shade(points) + 0.2 * streaks(points), 0, 1)
        )
        red = mix(red, linear("#d98a6a"), 0.4 * pale(points))
        return mix(red, linear("#8a7a35"), 0.7 * step(from_stem(points), 0.42, 0.12))

    return [Part(_apple_shape(rng), colour, 0.5, 45), _stem(rng, 0.5, 1.12, 0.035)]


def apple_red_2(rng: np.random.Generator) -> list[Part]:
    """Return a yellow apple with a red blush in streaks on its sunny side."""
    streaks, shade = mottle(rng, 2.5, (5, 0.4, 5)), mottle(rng, 1.5)
    sun = rng.normal(size=3) * (1, 0.4, 1)
    sun /= np.linalg.norm(sun)

    def colour(points: Array) -> Array:
        ground = mix(linear("#e5cf62"), linear("#b9c24e"), np.clip(0.4 + 0.3 * shade(points), 0, 1))
        blush = step(points @ sun + 0.33 * streaks(points) + 0.2 * shade(points), -0.55, 0.6)
        skin = mix(ground, linear("#c9342c"), 0.9 * blush)
        return mix(skin, linear("#8f7c33"), 0.8 * step(from_stem(points), 0.45, 0.15))

    return [Part(_apple_shape(rng), colour, 0.35, 30), _stem(rng, 0.5, 1.05, 0.035)]


def banana(rng: np.random.Generator) -> list[Part]:
    """Return a curved banana with a stalk, a dark tip and a few brown spots."""
    bend, half = rng.uniform(0.85, 1.15), rng.uniform(1.0, 1.1)
    thickness, ripe = rng.uniform(0.27, 0.33), rng.uniform(0, 1)
    centre = bend - 0.45
    spots, freckles = mottle(rng, 5), mottle(rng, 16)

    def place(points: Array) -> tuple[Array, Array]:
        """Return the position along the curved axis and the angle around it."""
        x, y = points[:, 0], points[:, 1] - centre
        around = np.arctan2(points[:, 2], np.hypot(x, y) - bend)
        return np.clip(np.arctan2(x, -y) * bend, -1.4 * half, 1.18 * half), around

    def distance(points: Array) -> Array:
        along, around = place(points)
        on_axis = np.stack(
            [bend * np.sin(along / bend), centre - bend * np.cos(along / bend), np.zeros(len(points))], axis=-1
        )
        body = 1 - 0.78 * step(along, 0.3 * half, 1.18 * half) ** 2
        stalk = 1 - 0.76 * step(along, -0.35 * half, -1.12 * half)
        ridged = thickness * body * stalk * (1 + 0.04 * np.cos(5 * around))
        gap: Array = np.linalg.norm(points - on_axis, axis=1) - ridged
        return 0.7 * gap

    def colour(points: Array) -> Array:
        along, around = place(points)
        skin = mix(linear("#e6bd2c"), linear("#d3b634"), np.clip(0.5 + 0.3 * spots(points), 0, 1))
        skin = mix(skin, linear("#a8a83c"), (1 - ripe) * step(np.abs(along), 0.6 * half, 1.2 * half))
        skin = mix(skin, linear("#94741f"), 0.4 * step(np.cos(5 * around), 0.93, 1.0))
        skin = mix(skin, linear("#5a3c14"), ripe * step(spots(points) + 0.6 * freckles(points), 1.9, 2.3))
        skin = mix(skin, linear("#857a35"), step(along, -1.0 * half, -1.25 * half))
        return mix(
            skin, linear("#35260f"), step(along, 1.1 * half, 1.16 * half) + step(along, -1.36 * half, -1.4 * half)
        )

    return [Part(distance, colour, 0.15, 18)]


def cherry(rng: np.random.Generator) -> list[Part]:
    """Return two dark cherries whose stalks meet."""
    parts, knot = [], (rng.uniform(-0.15, 0.25), 1.05, rng.uniform(-0.1, 0.1))
    for side in (-1, 1):
        centre = np.array([side * rng.uniform(0.46, 0.52), rng.uniform(-0.58, -0.4), rng.uniform(-0.15, 0.15)])
        size, shade = rng.uniform(0.44, 0.5), mottle(rng, 2.5)

        def distance(points: Array, centre: Array = centre, size: float = size) -> Array:
            local = points - centre
            dimple = 0.16 * np.exp(-((from_stem(local) / 0.45) ** 2))
            gap: Array = np.linalg.norm(local, axis=1) - size * (1 - dimple)
            return 0.6 * gap

        def colour(points: Array, shade: Colour = shade) -> Array:
            return mix(linear("#5c0714"), linear("#9a1526"), np.clip(0.45 + 0.3 * shade(points), 0, 1))

        x, y, z = centre
        path = curve((x, y + 0.75 * size, z), (0.9 * x, 0.55, z), knot)
        parts += [
            Part(distance, colour, 0.9, 90),
            Part(tube(path, np.linspace(0.022, 0.03, len(path)).tolist()), _plain("#7c8a3a"), 0.1, 10),
        ]
    return [*parts, Part(ellipsoid(knot, (0.09, 0.05, 0.06)), _plain("#6a5a2c"), 0.05, 8)]


def kiwi(rng: np.random.Generator) -> list[Part]:
    """Return half a kiwi: green flesh with a pale core, black seeds and a brown hairy skin."""
    width, height = rng.uniform(0.8, 0.88), rng.uniform(0.92, 1.0)
    whole = ellipsoid((0, 0, 0), (width, height, 0.85))
    fuzz, flesh_shade = mottle(rng, 30), mottle(rng, 4)
    seed_count, first = int(rng.integers(26, 34)), rng.uniform(0, 6.3)
    offsets = rng.uniform(-0.05, 0.05, seed_count)

    def distance(points: Array) -> Array:
        return np.maximum(whole(points), points[:, 2] - 0.12)

    def colour(points: Array) -> Array:
        x, y = points[:, 0] / width, points[:, 1] / height
        out, turn = np.hypot(x, y), np.arctan2(y, x)
        green = mix(linear("#a9c93f"), linear("#6a9a24"), step(out, 0.3, 0.95))
        green = mix(
            green, linear("#c6dc6a"), 0.5 * step(np.cos(seed_count * turn) + 0.3 * flesh_shade(points), 0.1, 1.1)
        )
        flesh = mix(green, linear("#e9ecc0"), step(out, 0.27, 0.2))
        slot = (turn - first) * seed_count / (2 * np.pi)
        index = np.round(slot).astype(int)
        seed_out = 0.4 + offsets[index % seed_count]
        across, along = (slot - index) * 2 * np.pi / seed_count * out / 0.028, (out - seed_out) / 0.055
        flesh = mix(flesh, linear("#15120c"), step(np.hypot(across, along), 1.1, 0.8))
        skin = mix(linear("#6f5230"), linear("#9a7a4c"), np.clip(0.5 + 0.35 * fuzz(points), 0, 1))
        return mix(skin, flesh, step(out, 0.975, 0.955) * (points[:, 2] > 0.11))

    return [Part(distance, colour, 0.12, 14, relief=lambda points: 0.003 * fuzz(points) * (points[:, 2] < 0.11))]


def orange(rng: np.random.Generator) -> list[Part]:
    """Return an orange with pores and the scar of its stalk."""
    squash, pores, shade = rng.uniform(0.92, 1.0), mottle(rng, 32), mottle(rng, 1.5)

    def radius(angle: Array, _: Array) -> Array:
        return 0.97 * (1 - (1 - squash) * np.cos(angle) ** 2) - 0.07 * np.exp(-((angle / 0.2) ** 2))

    def colour(points: Array) -> Array:
        skin = mix(linear("#e87e0c"), linear("#f2a02a"), np.clip(0.5 + 0.3 * shade(points), 0, 1))
        skin = mix(skin, linear("#c96a08"), 0.25 * step(pores(points), 0.7, 1.8))
        angle = from_stem(points)
        star = 0.1 + 0.025 * np.cos(5 * azimuth(points))
        return mix(
            mix(skin, linear("#b9962a"), 0.6 * step(angle, 0.3, 0.14)), linear("#5d6b2c"), step(angle - star, 0.03, 0)
        )

    return [Part(around_axis(radius), colour, 0.3, 22, relief=lambda points: 0.0009 * pores(points))]


def pear(rng: np.random.Generator) -> list[Part]:
    """Return a yellow-green pear with brown specks."""
    neck = rng.uniform(0.3, 0.36)
    lean = rng.uniform(-0.1, 0.1)
    body = smooth_union(
        ellipsoid((0, -0.36, 0), (0.68, 0.64, 0.68)), ellipsoid((lean, 0.5, 0), (neck, 0.42, neck)), 0.55
    )
    specks, shade, ripe = dots(rng, 420, 0.022, 0.08), mottle(rng, 1.8), rng.uniform(0, 0.5)
    sun = rng.normal(size=3)
    sun /= np.linalg.norm(sun)

    def colour(points: Array) -> Array:
        skin = mix(linear("#a9b43a"), linear("#d3c450"), np.clip(0.45 + 0.25 * shade(points), 0, 1))
        skin = mix(skin, linear("#c07a3a"), ripe * step(points @ sun + 0.2 * shade(points), 0.1, 0.8))
        skin = mix(skin, linear("#7a6a2c"), 0.7 * specks(points))
        return mix(skin, linear("#7d6a32"), 0.7 * step(points[:, 1] + 0.05 * shade(points), 0.82, 0.98))

    return [Part(body, colour, 0.25, 22), _stem(rng, 0.8, 1.25, 0.035)]


def strawberry(rng: np.random.Generator) -> list[Part]:
    """Return a strawberry with its seeds and its green leaves."""
    breadth, tip = rng.uniform(0.62, 0.74), rng.uniform(0.35, 0.48)
    seeds, shade = dots(rng, 190, 0.055, 0.01), mottle(rng, 2)

    def radius(angle: Array, _: Array) -> Array:
        sides = breadth * (1 - 0.16 * step(angle, 1.0, 2.4)) + 0.05 * np.cos(2 * angle)
        return sides + tip * np.exp(-(((np.pi - angle) / 0.62) ** 2))

    def colour(points: Array) -> Array:
        flesh = mix(linear("#b3121e"), linear("#d8303a"), np.clip(0.5 + 0.3 * shade(points), 0, 1))
        flesh = mix(flesh, linear("#e8a58a"), 0.6 * step(from_stem(points), 0.75, 0.4))
        return mix(flesh, linear("#e0b85a"), step(seeds(points), 0.35, 0.8))

    def leaf_colour(points: Array) -> Array:
        return mix(linear("#3f7a26"), linear("#7aa83c"), np.clip(0.5 + 0.4 * shade(3 * points), 0, 1))

    return [
        Part(around_axis(radius), colour, 0.45, 40, relief=lambda points: 0.025 * seeds(points)),
        Part(_leaves(rng, breadth), leaf_colour, 0.1, 10),
        _stem(rng, breadth - 0.1, 1.1, 0.03),
    ]


def _leaves(rng: np.random.Generator, height: float) -> Shape:
    """Return a crown of leaves about the stem: one leaf, seen from every point in the sector that it is in."""
    count, first, droop = int(rng.integers(7, 10)), rng.uniform(0, 1), rng.uniform(-0.06, 0.1)
    lengths = rng.uniform(0.85, 1.1, count)
    path = curve((0, height, 0), (0.34, height + 0.2, 0), (0.62, height - 0.12 - droop, 0))
    leaf = tube(path, [0.03, 0.07, 0.1, 0.09, 0.055, 0.01])

    def distance(points: Array) -> Array:
        sector = (azimuth(points) - first) * count / (2 * np.pi)
        index = np.round(sector).astype(int)
        angle = (sector - index) * 2 * np.pi / count
        out = np.hypot(points[:, 0], points[:, 2]) / lengths[index % count]
        return 0.8 * leaf(np.stack([out * np.cos(angle), points[:, 1], out * np.sin(angle)], axis=-1))

    return distance


@dataclass(frozen=True)
class Fruit:
    """A model and how far it may be turned about its stem either way, in radians."""

    model: Model
    turn: float = np.pi


FRUITS: dict[str, Fruit] = {
    "Apple Red 1": Fruit(apple_red_1),
    "Apple Red 2": Fruit(apple_red_2),
    "Banana": Fruit(banana, turn=0.7),
    "Cherry": Fruit(cherry, turn=0.9),
    "Kiwi": Fruit(kiwi, turn=0.8),
    "Orange": Fruit(orange),
    "Pear": Fruit(pear),
    "Strawberry": Fruit(strawberry),
}
