"""When projection and classifier are fitted anew, and when a run keeps them."""

import shutil

from image_assets.automation.tags import FIT_ALL, FIT_TAG
from image_assets_tests.assets.project import CLASSES, Project

FITS = ("feature_projection", "fruit_classifier")
AFTER_FEATURES = (*FITS, "reduced_features", "predictions", "evaluation")


def digests(project: Project) -> list[str | None]:
    artifacts = project.warehouse.artifacts
    return [artifacts.resolve("projection", FITS[0]), artifacts.resolve("classifier", FITS[1])]


def test_some_classes_of_the_job_keep_the_fit(project: Project) -> None:
    before = digests(project)
    run = project.run(job_name="fruits", classes=["Cherry", "Apple_Red_1"])
    assert run.result.success, run.failure
    assert digests(project) == before
    assert [run.metadata(name)[None]["kept"] for name in FITS] == [True, True]


def test_all_classes_of_the_job_keep_a_fit_that_serves(project: Project) -> None:
    before = digests(project)
    run = project.run(*AFTER_FEATURES, job_name="fruits", classes=CLASSES)
    assert run.result.success, run.failure
    assert digests(project) == before
    assert run.metadata("reduced_features")["Cherry"]["computed"] == 0


def test_other_options_are_fitted_in_a_run_of_all_classes_only(project: Project) -> None:
    before = digests(project)
    run = project.run(*AFTER_FEATURES, job_name="fruits", classes=["Cherry"], n_components=5)
    assert run.result.success, run.failure
    assert digests(project) == before
    run = project.run(*AFTER_FEATURES, job_name="fruits", classes=CLASSES, n_components=5)
    assert run.result.success, run.failure
    assert set(before).isdisjoint(digests(project))
    assert run.metadata("reduced_features")["Cherry"]["computed"] == 6


def test_a_new_class_is_learned_in_a_run_of_all_classes(project: Project) -> None:
    shutil.copytree(project.source / "Training/Cherry", project.source / "Training/Sour Cherry")
    project.register("Sour_Cherry")
    before = digests(project)
    alone = project.run(job_name="fruits", classes=["Sour_Cherry"])
    assert alone.result.success, alone.failure
    assert digests(project) == before
    together = project.run(*AFTER_FEATURES, job_name="fruits", classes=[*CLASSES, "Sour_Cherry"])
    assert together.result.success, together.failure
    assert set(before).isdisjoint(digests(project))


def test_a_refit_covers_all_classes_or_none(project: Project) -> None:
    before = digests(project)
    run = project.run(job_name="fruits_refit", classes=["Cherry"])
    assert not run.result.success
    assert "this run leaves out Apple_Red_1, Apple_Red_2" in run.failure
    run = project.run(job_name="fruits_refit", classes=CLASSES)
    assert run.result.success, run.failure
    # The same features and options give the same fit, to the last bit.
    assert digests(project)[0] == before[0]
    assert run.metadata("feature_projection")[None]["kept"] is False


def test_materializing_a_fit_by_itself_fits_it(project: Project) -> None:
    run = project.run("feature_projection", n_components=5)
    assert run.result.success, run.failure
    assert run.metadata("feature_projection")[None]["n_components"] == 5


def test_two_names_of_folders_that_become_one_class_fail_that_class(project: Project) -> None:
    (project.source / "Training/Apple_Red 1").mkdir()
    shutil.copy(project.source / "Test/Cherry/20_100.jpg", project.source / "Training/Apple_Red 1")
    run = project.run("raw_images", classes=CLASSES)
    assert not run.result.success
    assert "the folders 'Apple Red 1', 'Apple_Red 1' would all be the class 'Apple_Red_1'" in run.failure
    assert project.materialized("raw_images") == {"Apple_Red_2", "Cherry"}


def test_the_tag_of_the_job_is_on_its_runs(project: Project) -> None:
    assert project.definitions().resolve_job_def("fruits_refit").tags[FIT_TAG] == FIT_ALL
