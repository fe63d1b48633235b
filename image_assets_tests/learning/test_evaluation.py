import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from image_assets.errors import IncompatibleArtifactError
from image_assets.learning.evaluation import Confusion, top_k_accuracy

RNG = np.random.default_rng(12)
NAMES = np.array(["Apple 1", "Apple 2", "Banana", "Cherry", "Kiwi"])
TRUE = NAMES[RNG.integers(0, 4, 300)].tolist()  # Kiwi is predicted but never there
PREDICTED = [str(RNG.choice(NAMES)) if RNG.random() < 0.3 else name for name in TRUE]
CONFUSION = Confusion.of(TRUE, PREDICTED)


def test_counts_are_scikit_learns_confusion_matrix() -> None:
    assert CONFUSION.classes == tuple(NAMES)
    np.testing.assert_array_equal(CONFUSION.counts, confusion_matrix(TRUE, PREDICTED, labels=NAMES))


def test_scores_are_scikit_learns() -> None:
    scores = CONFUSION.scores()
    expected = precision_recall_fscore_support(TRUE, PREDICTED, labels=NAMES, zero_division=0)
    for found, wanted in zip((scores.precision, scores.recall, scores.f1, scores.support), expected, strict=True):
        np.testing.assert_allclose(found, wanted)
    assert CONFUSION.accuracy == pytest.approx(accuracy_score(TRUE, PREDICTED))
    assert CONFUSION.macro_f1 == pytest.approx(f1_score(TRUE, PREDICTED, average="macro", zero_division=0))


def test_a_table_of_counts_gives_what_the_single_pictures_give() -> None:
    pairs, counts = np.unique(np.array([TRUE, PREDICTED]), axis=1, return_counts=True)
    counted = Confusion.of(pairs[0].tolist(), pairs[1].tolist(), counts.tolist())
    np.testing.assert_array_equal(counted.counts, CONFUSION.counts)


@settings(max_examples=40, deadline=None)
@given(cut=st.integers(0, 300))
def test_merged_counts_are_those_of_all_pictures_whichever_classes_a_part_has_seen(cut: int) -> None:
    merged = Confusion.of(TRUE[cut:], PREDICTED[cut:]) + Confusion.of(TRUE[:cut], PREDICTED[:cut])
    assert merged.classes == CONFUSION.classes
    np.testing.assert_array_equal(merged.counts, CONFUSION.counts)


def test_varieties_are_merged_to_labels() -> None:
    labels = {name: name.split()[0] for name in NAMES}
    merged = CONFUSION.renamed(labels)
    expected = confusion_matrix([labels[name] for name in TRUE], [labels[name] for name in PREDICTED])
    assert merged.classes == ("Apple", "Banana", "Cherry", "Kiwi")
    np.testing.assert_array_equal(merged.counts, expected)


def test_a_class_without_a_label_is_named() -> None:
    with pytest.raises(IncompatibleArtifactError, match="Banana, Cherry, Kiwi"):
        CONFUSION.renamed({"Apple 1": "Apple", "Apple 2": "Apple"})


def test_another_order_moves_rows_and_columns_together() -> None:
    ordered = CONFUSION.ordered(np.array([4, 0, 2, 1, 3]))
    assert ordered.classes == ("Kiwi", "Apple 1", "Banana", "Apple 2", "Cherry")
    np.testing.assert_array_equal(
        ordered.counts, confusion_matrix(TRUE, PREDICTED, labels=["Kiwi", "Apple 1", "Banana", "Apple 2", "Cherry"])
    )
    assert ordered.accuracy == CONFUSION.accuracy


def test_without_pictures_scores_are_undefined() -> None:
    empty = Confusion.of([], [])
    assert empty.total == 0
    assert np.isnan(empty.accuracy)
    assert np.isnan(empty.macro_f1)
    assert np.isnan(top_k_accuracy({}, 5))


def test_top_k_accuracy_counts_the_places_up_to_k() -> None:
    ranks = {1: 90, 2: 5, 5: 2, 0: 3}
    assert top_k_accuracy(ranks, 1) == pytest.approx(0.90)
    assert top_k_accuracy(ranks, 2) == pytest.approx(0.95)
    assert top_k_accuracy(ranks, 5) == pytest.approx(0.97)
