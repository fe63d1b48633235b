"""One check by itself, run by Dagster over the tables of a project."""

from dagster import AssetCheckEvaluation, AssetCheckKey, AssetKey, AssetSelection, Definitions, define_asset_job

from image_assets.automation.partitions import range_tags
from image_assets_tests.assets.project import CLASSES, Project


def evaluate(project: Project, asset: str, check: str) -> AssetCheckEvaluation:
    """Return what a check says of all classes."""
    selection = AssetSelection.checks(AssetCheckKey(AssetKey(asset), check))
    alone = Definitions(jobs=[define_asset_job("one_check", selection)])
    job = Definitions.merge(project.definitions(), alone).resolve_job_def("one_check")
    tags = range_tags(project.instance, CLASSES) if job.partitions_def is not None else {}
    result = job.execute_in_process(instance=project.instance, tags=tags, raise_on_error=False)
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation
