"""Metrics against obvious versions and seqeval."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr
from seqeval.metrics import f1_score
from sklearn.metrics import f1_score as class_f1

from workflow_scripts.evaluation.learning_problem import Examples
from workflow_scripts.evaluation.metrics import METRICS, metric_for

LABELS = ["B-NP", "B-VP", "I-NP", "I-VP", "I-A-B", "O"]


def examples(targets: list[int] | list[float], sequences: list[int] | None = None) -> Examples:
    values = np.array(targets)
    return Examples(values) if sequences is None else Examples(values, np.array(sequences))


def score_of(
    name: str, labels: list[str], positive: str = ""
) -> Callable[[Examples, np.ndarray], float]:
    """The score of one head, of outputs [n, classes]."""
    metric = metric_for(name, labels, positive)

    def score(of: Examples, outputs: np.ndarray) -> float:
        return float(metric.score(of.targets, metric.predictions(outputs.T[None]), of.sequences)[0])

    return score


def one_hot(predicted: list[int], classes: int) -> np.ndarray:
    return np.eye(classes)[predicted]


def spans_score(true: list[list[str]], predicted: list[list[str]]) -> float:
    score = score_of("span_f1", LABELS)
    number = {label: i for i, label in enumerate(LABELS)}
    sequences = [i for i, sentence in enumerate(true) for _ in sentence]
    return score(
        examples([number[tag] for sentence in true for tag in sentence], sequences),
        one_hot([number[tag] for sentence in predicted for tag in sentence], len(LABELS)),
    )


sentences = st.lists(
    st.lists(st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS)), min_size=1, max_size=8),
    min_size=1,
    max_size=6,
)


@given(sentences)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_span_f1_is_that_of_seqeval(pairs: list[list[tuple[str, str]]]) -> None:
    """On tags in any order, also those that no annotator would write."""
    true = [[tag for tag, _ in sentence] for sentence in pairs]
    predicted = [[tag for _, tag in sentence] for sentence in pairs]
    expected = f1_score(true, predicted)
    assert spans_score(true, predicted) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("true", "predicted", "expected"),
    [
        (["B-NP", "I-NP", "O"], ["B-NP", "I-NP", "O"], 1),
        (["B-NP", "I-NP", "O"], ["I-NP", "I-NP", "O"], 1),  # IOB1 says the same
        (["I-NP", "B-NP", "O"], ["I-NP", "I-NP", "O"], 0),  # two spans, not one
        (["B-NP", "I-NP", "B-VP"], ["B-NP", "O", "B-VP"], 0.5),
        (["B-NP", "I-VP", "O"], ["B-NP", "B-VP", "O"], 1),  # another type begins a span
        (["O", "O", "O"], ["O", "O", "O"], 0),
    ],
)
def test_spans_by_hand(true: list[str], predicted: list[str], expected: float) -> None:
    assert spans_score([true], [predicted]) == pytest.approx(expected)


def test_spans_end_with_their_sentence() -> None:
    one = spans_score([["B-NP"], ["I-NP"]], [["B-NP"], ["I-NP"]])
    two = spans_score([["B-NP", "I-NP"]], [["B-NP", "I-NP"]])
    assert one == two == 1
    assert spans_score([["B-NP"], ["I-NP"]], [["B-NP"], ["O"]]) == pytest.approx(2 / 3)


def test_a_tag_that_no_head_predicts_is_an_error() -> None:
    """The head has outputs for the first three classes only."""
    score = score_of("span_f1", ["B-NP", "I-NP", "O", "B-VP"])
    true = examples([0, 1, 2, 3], [0, 0, 0, 0])
    assert score(true, one_hot([0, 1, 2, 2], 3)) == pytest.approx(2 / 3)
    assert score_of("accuracy", [])(true, one_hot([0, 1, 2, 2], 3)) == 0.75
    assert score_of("top3_accuracy", [])(true, one_hot([0, 1, 2, 2], 3)) == 0.75


@given(st.integers(1, 30), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_accuracies_against_a_slow_version(count: int, classes: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    outputs = generator.normal(size=(count, classes))
    true = examples(generator.integers(0, classes, count).tolist())
    ranks = [
        sorted(-row).index(-row[target]) for row, target in zip(outputs, true.targets, strict=True)
    ]
    assert score_of("accuracy", [])(true, outputs) == np.mean([rank < 1 for rank in ranks])
    assert score_of("top3_accuracy", [])(true, outputs) == np.mean([rank < 3 for rank in ranks])


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), min_size=1))
def test_f1_is_that_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    true, predicted = ([pair[side] for pair in pairs] for side in (0, 1))
    score = score_of("f1", ["c", "i"], "i")
    expected = class_f1(true, predicted, zero_division=0)
    assert score(examples(true), one_hot(predicted, 2)) == pytest.approx(expected)


def test_pearson_is_that_of_scipy() -> None:
    generator = np.random.default_rng(0)
    true, predicted = generator.normal(size=(2, 40)) + 5
    score = score_of("pearson", [])
    expected = pearsonr(true, predicted).statistic
    assert score(examples(true.tolist()), predicted[:, None]) == pytest.approx(expected)
    assert score(examples(true.tolist()), np.ones((40, 1))) == 0


@pytest.mark.parametrize(
    ("name", "labels", "positive", "message"),
    [
        ("bleu", ["a"], "", "unknown metric 'bleu'; choose one of accuracy, top3_accuracy"),
        ("f1", ["c"], "i", "counts the class 'i', which has no unit"),
    ],
)
def test_metrics_that_cannot_be_are_refused(
    name: str, labels: list[str], positive: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        metric_for(name, labels, positive)


def test_every_metric_has_a_function() -> None:
    made = [metric_for(name, ["B-i", "i"], "i") for name in METRICS]
    assert len({metric.compare for metric in made}) == len(METRICS)
