"""The jobs, by the names that people guess.

See https://docs.dagster.io/guides/build/jobs/asset-jobs.
"""

from dagster import AssetSelection, define_asset_job

from image_assets.automation.tags import FIT_ALL, FIT_IF_NEEDED, FIT_TAG

FITS = ("feature_projection", "fruit_classifier")
REFITTED = (*FITS, "reduced_features", "predictions", "evaluation")

fruits_job = define_asset_job(
    "fruits",
    AssetSelection.groups("fruits"),
    tags={FIT_TAG: FIT_IF_NEEDED},
    description=(
        "The whole fruits chain for any classes, in one run with one Spark session. Computes only pictures that are "
        "new or altered. Projection and classifier are fitted where there are none yet, or where a run over all "
        "classes finds new ones; otherwise they stay as they are."
    ),
)

fruits_refit_job = define_asset_job(
    "fruits_refit",
    AssetSelection.assets(*REFITTED),
    tags={FIT_TAG: FIT_ALL},
    description=(
        "Fits projection and classifier anew and applies them. Choose all classes: those that are left out would keep "
        "features of the old projection."
    ),
)

imagenet_job = define_asset_job(
    "imagenet",
    AssetSelection.groups("imagenet"),
    description="ImageNet classes and labelled pictures of a range of classes, from their decoded frames.",
)

scenes_job = define_asset_job(
    "scenes",
    AssetSelection.groups("scenes"),
    description="The whole chain of scenes for a range of scenes, in one run with one Spark session.",
)

recordings_job = define_asset_job(
    "recordings",
    AssetSelection.groups("recordings"),
    description="The whole chain of recordings for a range of recordings, in one run with one Spark session.",
)

jobs = [fruits_job, fruits_refit_job, imagenet_job, scenes_job, recordings_job]
