"""A small ray tracer for solids that are given by distance functions, in numpy.

Shapes are functions from points [n, 3] to (a lower bound of) their signed distance to the surface; a surface
gives the colour of its points. Which fruits are made of which shapes is in `fruit_models`.
Sphere tracing: J. C. Hart, The Visual Computer 12, 527 (1996). Distance functions and smooth union:
https://iquilezles.org/articles/distfunctions/.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Shape = Callable[[Array], Array]

_NEAR, _FAR = 1.6, -1.6
_REACH = 1.45
_STEPS = 60
_CREEPING = 0.03
_TOLERANCE = 2e-3
_NORMAL_STEP = 2e-3
_TETRAHEDRON = np.array([(1.0, -1.0, -1.0), (-1.0, -1.0, 1.0), (-1.0, 1.0, -1.0), (1.0, 1.0, 1.0)])


@dataclass(frozen=True)
class Part:
    """A solid and its surface.

    Attributes:
        shape: Signed distance to the surface, never over-estimated.
        colour: Linear RGB [n, 3] in 0..1 of points [n, 3] on the surface.
        gloss: Strength of the highlight, 0 to 1.
        sharpness: Exponent of the highlight: about 8 for a dull skin, 80 for a polished one.
        relief: Depth of dents, too shallow to move the surface, that only bend its normals.
    """

    shape: Shape
    colour: Callable[[Array], Array]
    gloss: float = 0.2
    sharpness: float = 20.0
    relief: Shape | None = None

    def carved(self, points: Array) -> Array:
        """Return the distance to the surface with its relief."""
        return self.shape(points) if self.relief is None else self.shape(points) + self.relief(points)


@dataclass(frozen=True)
class Light:
    """A key light from a direction (unit vector) and an even light from everywhere."""

    direction: Array
    strength: float
    ambient: float


def render(parts: Sequence[Part], rotation: Array, light: Light, size: int, extent: float) -> tuple[Array, Array]:
    """Draw solids seen along the z axis in parallel projection.

    Args:
        parts: What is drawn.
        rotation: Rotation matrix [3, 3] from the coordinates of the parts to those of the viewer.
        light: The light, in the coordinates of the viewer.
        size: Height and width of the picture in pixels.
        extent: Half the height of the picture in the units of the parts.

    Returns:
        Linear RGB [size, size, 3], zero where nothing is hit, and coverage [size, size] of 0 or 1.
    """
    axis = (np.arange(size) + 0.5) / size * 2 - 1
    x, y = np.meshgrid(axis * extent, -axis * extent)
    origins = np.stack([x.ravel(), y.ravel(), np.full(x.size, _NEAR)], axis=-1) @ rotation
    view = np.array([0.0, 0.0, 1.0]) @ rotation
    points, hit = _trace([part.shape for part in parts], origins, -view)
    colours = np.zeros((size * size, 3))
    nearest = np.argmin([part.shape(points) for part in parts], axis=0)
    for index, part in enumerate(parts):
        chosen = nearest == index
        if chosen.any():
            place = points[chosen]
            shaded = _shade(parts, part, place, light, rotation)
            colours[np.flatnonzero(hit)[chosen]] = shaded
    return colours.reshape(size, size, 3), hit.reshape(size, size).astype(float)


def _trace(shapes: Sequence[Shape], origins: Array, direction: Array) -> tuple[Array, npt.NDArray[np.bool_]]:
    """March every ray until it meets a surface; return the points met, and which rays met one."""
    travelled = np.zeros(len(origins))
    hit = np.zeros(len(origins), bool)
    passing = origins - (origins @ direction)[:, None] * direction
    active = np.flatnonzero(np.linalg.norm(passing, axis=1) < _REACH)
    for _ in range(_STEPS):
        distance = _union(shapes, origins[active] + travelled[active, None] * direction)
        hit[active[distance < _TOLERANCE]] = True
        travelled[active] += np.where(distance < _TOLERANCE, 0.0, distance)
        active = active[(distance >= _TOLERANCE) & (travelled[active] < _NEAR - _FAR)]
        if active.size == 0:
            break
    # A ray that still creeps along a surface after so many steps would leave a hole in its outline.
    hit[active[_union(shapes, origins[active] + travelled[active, None] * direction) < _CREEPING]] = True
    return (origins + travelled[:, None] * direction)[hit], hit


def _union(shapes: Sequence[Shape], points: Array) -> Array:
    distance = shapes[0](points)
    for shape in shapes[1:]:
        distance = np.minimum(distance, shape(points))
    return distance


def _shade(parts: Sequence[Part], part: Part, points: Array, light: Light, rotation: Array) -> Array:
    """Light points of one part: wrapped diffuse light, ambient light with occlusion, a highlight (Blinn-Phong)."""
    normals = _normals(part.carved, points)
    to_light, to_viewer = light.direction @ rotation, np.array([0.0, 0.0, 1.0]) @ rotation
    facing = normals @ to_light
    diffuse = np.clip((facing + 0.25) / 1.25, 0, None)
    occlusion = _openness([each.shape for each in parts], points, normals)
    up = np.array([0.0, 1.0, 0.0]) @ rotation
    ambient = light.ambient * (0.75 + 0.25 * (normals @ up)) * occlusion
    halfway = to_light + to_viewer
    halfway = halfway / np.linalg.norm(halfway)
    highlight = part.gloss * np.clip(normals @ halfway, 0, None) ** part.sharpness * occlusion
    shade: Array = part.colour(points) * (light.strength * diffuse * occlusion**0.5 + ambient)[:, None]
    return shade + (light.strength * highlight)[:, None]


def _normals(shape: Shape, points: Array) -> Array:
    gradient = sum(corner * shape(points + _NORMAL_STEP * corner)[:, None] for corner in _TETRAHEDRON)
    normals: Array = gradient / np.maximum(np.linalg.norm(gradient, axis=1, keepdims=True), 1e-12)
    return normals


def _openness(shapes: Sequence[Shape], points: Array, normals: Array) -> Array:
    """Return how far a point is from being hemmed in by surfaces, 0 to 1 (ambient occlusion)."""
    closed = np.zeros(len(points))
    for step, weight in ((0.06, 3.0), (0.15, 1.6), (0.3, 0.8)):
        closed += weight * (step - _union(shapes, points + step * normals))
    return np.clip(1 - closed, 0.15, 1)
