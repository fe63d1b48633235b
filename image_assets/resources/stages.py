"""The options of the stages as resources, so that a single run can change them in the launchpad."""

from typing import Literal

from dagster import ConfigurableResource
from pydantic import Field

from image_assets.fruits.classifier import ClassifierOptions
from image_assets.fruits.projection import ProjectionOptions
from image_assets.vision.decode import DecodeOptions, ImageFilter


class FrameResource(ConfigurableResource):
    """How pictures become frames."""

    frame_size: int = Field(default=224, description="Height and width of a frame in pixels.")
    alpha: Literal["white", "drop"] = Field(
        default="white", description="Transparent pictures: on white, or alpha dropped."
    )
    max_pixels: int = Field(default=89_478_485, description="Largest picture that is decoded, in pixels.")
    filter_channels: list[int] | None = Field(
        default=None, description="Numbers of channels that are wanted; others fail."
    )
    filter_max_height: int | None = Field(default=None, description="Pictures higher than this fail.")
    filter_max_width: int | None = Field(default=None, description="Pictures wider than this fail.")
    filter_max_pixel_count: int | None = Field(default=None, description="Pictures with more pixels than this fail.")

    @property
    def options(self) -> DecodeOptions:
        """The options as the computation takes them."""
        return DecodeOptions(
            frame_size=self.frame_size,
            alpha=self.alpha,
            max_pixels=self.max_pixels,
            image_filter=ImageFilter(
                channels=None if self.filter_channels is None else tuple(self.filter_channels),
                max_height=self.filter_max_height,
                max_width=self.filter_max_width,
                max_pixel_count=self.filter_max_pixel_count,
            ),
        )


class ProjectionResource(ConfigurableResource):
    """How features are reduced."""

    method: Literal["pca", "sparse_random_projection"] = Field(
        default="pca", description="PCA, or a sparse random projection for features too wide for it."
    )
    n_components: int | None = Field(
        default=None, description="Components to keep; empty: 256 for PCA, the Johnson-Lindenstrauss bound otherwise."
    )
    variance_fraction: float | None = Field(
        default=None, description="Fraction of variance that PCA keeps, between 0 and 1; instead of n_components."
    )
    centre: bool = Field(default=True, description="Whether PCA takes the mean off before it projects.")
    whiten: bool = Field(default=False, description="Whether PCA scales each component to variance 1.")
    jl_eps: float = Field(default=0.1, description="Distortion that the Johnson-Lindenstrauss bound allows.")
    jl_samples: int | None = Field(
        default=None, description="Number of samples in the bound; empty: the number of pictures with features."
    )
    seed: int = Field(default=42, description="Seed of the random matrix.")

    @property
    def options(self) -> ProjectionOptions:
        """The options as the computation takes them."""
        return ProjectionOptions(
            method=self.method,
            n_components=self.n_components if self.variance_fraction is None else self.variance_fraction,
            centre=self.centre,
            whiten=self.whiten,
            jl_eps=self.jl_eps,
            jl_samples=self.jl_samples,
            seed=self.seed,
        )


class ClassifierResource(ConfigurableResource):
    """How the classifier is fitted."""

    method: Literal["logistic_regression", "linear_discriminant"] = Field(
        default="logistic_regression", description="Logistic regression, or the closed form of a linear discriminant."
    )
    target: Literal["fruit_class", "label"] = Field(default="fruit_class", description="What is predicted.")
    c: float = Field(default=1.0, description="Inverse strength of the penalty of the logistic regression.")
    class_weight: Literal["balanced", "none"] = Field(
        default="balanced", description="Every class has the same influence, or every picture."
    )
    max_iterations: int = Field(default=500, description="Iterations of the logistic regression at most.")

    @property
    def options(self) -> ClassifierOptions:
        """The options as the computation takes them."""
        return ClassifierOptions(
            method=self.method,
            target=self.target,
            c=self.c,
            class_weight=self.class_weight,
            max_iterations=self.max_iterations,
        )


class DuplicateResource(ConfigurableResource):
    """When two pictures are near duplicates."""

    distance: float = Field(
        default=0.01, description="Cosine distance of features below which two pictures are near duplicates."
    )
