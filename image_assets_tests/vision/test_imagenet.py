import numpy as np
import pytest

from image_assets.errors import SettingsError
from image_assets.vision.imagenet import imagenet_classes, top_k


def test_classes_stand_in_the_order_of_a_networks_output() -> None:
    classes = imagenet_classes()
    wnids = classes.wnids.to_pylist()
    assert len(wnids) == len(classes.labels) == 1000
    assert wnids == sorted(set(wnids))
    assert (wnids[285], classes.labels[285].as_py()) == ("n02124075", "Egyptian_cat")
    assert (wnids[569], classes.labels[569].as_py()) == ("n03417042", "garbage_truck")


def test_best_classes_come_first_as_parallel_lists() -> None:
    probabilities = np.zeros((2, 1000), np.float32)
    probabilities[0, [569, 407, 654]] = [0.992, 0.004, 0.0015]
    probabilities[1, [0, 999]] = [0.25, 0.75]
    best = top_k(probabilities, 2)
    assert best.labels.to_pylist() == [["garbage_truck", "ambulance"], ["toilet_tissue", "tench"]]
    assert best.wnids.to_pylist() == [["n03417042", "n02701002"], ["n15075141", "n01440764"]]
    assert best.scores.to_pylist() == [[np.float32(0.992), np.float32(0.004)], [0.75, 0.25]]


def test_of_equal_scores_the_first_class_of_the_list_wins() -> None:
    best = top_k(np.full((1, 1000), 0.001, np.float32), 3)
    assert best.labels.to_pylist() == [["tench", "goldfish", "great_white_shark"]]


def test_no_pictures_give_no_lists() -> None:
    best = top_k(np.empty((0, 1000), np.float32), 5)
    assert [len(array) for array in best] == [0, 0, 0]


@pytest.mark.parametrize("k", [0, 1001])
def test_a_number_of_classes_out_of_range_is_refused(k: int) -> None:
    with pytest.raises(SettingsError, match=f"is {k}; it must be 1 to 1000"):
        top_k(np.zeros((1, 1000), np.float32), k)
