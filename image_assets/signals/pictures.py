"""Pictures of volumes for people: deviation, phase and cluster maps, plane beside plane, with legends.

Every function returns a matplotlib figure that belongs to no window; `figure.savefig` writes it.
"""

from typing import TYPE_CHECKING

import numpy as np

from image_assets.signals.arrays import Floats, Integers
from image_assets.signals.maps import cluster_colours, cluster_palette, phase_colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PLANE_INCHES = 4.0
_LEGEND_INCHES = 2.2
_MOST_PLANES = 8


def std_picture(deviation: Floats, title: str = "Standard deviation over time") -> "Figure":
    """Draw a deviation per voxel [z, y, x] in its own unit, with a colour bar; NaN stays blank."""
    figure, axes, legend = _planes(deviation.shape, title, legend_inches=1.0)
    top = float(np.nanmax(deviation)) if np.isfinite(deviation).any() else 1.0
    drawn = [axis.imshow(plane, cmap="inferno", vmin=0, vmax=top) for axis, plane in zip(axes, deviation, strict=False)]
    figure.colorbar(drawn[0], ax=legend, location="left", fraction=0.9, aspect=15, label="grey levels")
    legend.set_axis_off()
    return figure


def phase_picture(
    phase: Floats, brightness: Floats, title: str = "Phase of the response", dimmed_by: str = "coherence"
) -> "Figure":
    """Draw a phase per voxel as hue, its brightness as value, with a circular legend.

    Args:
        phase: Radians [z, y, x].
        brightness: 0 .. 1 [z, y, x], the coherence or the stretched mean (`maps.stretched`).
        title: Above the picture.
        dimmed_by: What the brightness is, for the legend.
    """
    figure, axes, legend = _planes(phase.shape, title, polar_legend=True)
    for axis, plane in zip(axes, phase_colours(phase, brightness), strict=False):
        axis.imshow(plane)
    angle, radius = np.linspace(0, 2 * np.pi, 181), np.linspace(0, 1, 33)
    angles, radii = np.meshgrid((angle[:-1] + angle[1:]) / 2, (radius[:-1] + radius[1:]) / 2)
    legend.pcolormesh(angle, radius, phase_colours(angles, radii))
    legend.set_xticks(np.arange(4) * np.pi / 2, ["0", "π/2", "π", "3π/2"])
    legend.set_yticks([])
    legend.grid(visible=False)
    legend.set_xlabel(f"angle: phase\nradius: {dimmed_by}")
    return figure


def cluster_picture(
    labels: Integers, k: int, brightness: Floats | None = None, title: str = "Clusters of series"
) -> "Figure":
    """Draw the cluster of each voxel by colour, with a legend that counts the voxels of each cluster.

    Args:
        labels: [z, y, x], below 0 for no cluster.
        k: Number of clusters.
        brightness: 0 .. 1 [z, y, x], such as the correlation with the own centre; 1 if None.
        title: Above the picture.
    """
    from matplotlib.patches import Patch

    figure, axes, legend = _planes(labels.shape, title)
    for axis, plane in zip(axes, cluster_colours(labels, k, brightness), strict=False):
        axis.imshow(plane)
    sizes = np.bincount(labels[labels >= 0].ravel(), minlength=k)
    patches = [
        Patch(color=tuple(colour), label=f"{number}: {size:,} voxels")
        for number, (colour, size) in enumerate(zip(cluster_palette(k).tolist(), sizes.tolist(), strict=True))
    ]
    legend.legend(handles=patches, loc="center left", fontsize="small", frameon=False, ncols=-(-k // 20))
    legend.set_axis_off()
    return figure


def _planes(
    shape: tuple[int, ...], title: str, *, polar_legend: bool = False, legend_inches: float = _LEGEND_INCHES
) -> tuple["Figure", list["Axes"], "Axes"]:
    """Return a figure with one axis per plane, at most eight of them, and one for the legend."""
    from matplotlib.figure import Figure

    n_planes = min(shape[0], _MOST_PLANES)
    height = max(2.5, _PLANE_INCHES * shape[1] / shape[2])
    figure = Figure(figsize=(_PLANE_INCHES * n_planes + legend_inches, height + 0.6), layout="constrained")
    grid = figure.add_gridspec(1, n_planes + 1, width_ratios=[_PLANE_INCHES] * n_planes + [legend_inches])
    axes = [figure.add_subplot(grid[0, z]) for z in range(n_planes)]
    for z, axis in enumerate(axes):
        axis.set_title(f"z = {z}", fontsize="medium")
        axis.set_xticks([])
        axis.set_yticks([])
    figure.suptitle(title if n_planes == shape[0] else f"{title} (first {n_planes} of {shape[0]} planes)")
    legend = figure.add_subplot(grid[0, -1], projection="polar" if polar_legend else None)
    return figure, axes, legend
