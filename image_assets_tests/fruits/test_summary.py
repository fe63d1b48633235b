from image_assets.fruits.summary import ClassResult, class_results, overall_accuracy
from image_assets_tests.assets.project import CLASSES, Run


def test_results_have_counts_and_accuracy_of_each_class(chain: Run) -> None:
    found = list(class_results(chain.project.warehouse, CLASSES, "fruit_class"))
    assert found == [
        ClassResult("Apple_Red_1", 12, 1, 5, 0.8),
        ClassResult("Apple_Red_2", 9, 1, 3, 1.0),
        ClassResult("Cherry", 7, 1, 2, 1.0),
    ]
    assert overall_accuracy(chain.project.warehouse, "fruit_class") == (10, 0.9)


def test_a_class_without_rows_has_no_accuracy(chain: Run) -> None:
    assert list(class_results(chain.project.warehouse, ["Fig"], "fruit_class")) == [ClassResult("Fig", 0, 0)]
