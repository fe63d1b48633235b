"""One check by itself, run by Dagster over the tables of a project."""

from dagster import AssetCheckEvaluation, AssetCheckKey, AssetKey, AssetSelection, Definitions, define_asset_job

from image_assets_tests.assets.project import Project


def evaluate(project: Project, asset: str, check: str) -> AssetCheckEvaluation:
    """Return what a check says that asks for no classes."""
    selection = AssetSelection.checks(AssetCheckKey(AssetKey(asset), check))
    alone = Definitions(jobs=[define_asset_job("one_check", selection)])
    job = Definitions.merge(project.definitions(), alone).resolve_job_def("one_check")
    result = job.execute_in_process(instance=project.instance, raise_on_error=False)
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation
