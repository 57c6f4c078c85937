"""Ridge regressions on shared products: against scikit-learn, and what must not change them."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest
from sklearn.linear_model import Ridge, RidgeClassifier
from sklearn.preprocessing import StandardScaler

from workflow_scripts.evaluation.cross_products import CrossProducts, pairs_of
from workflow_scripts.evaluation.design_matrix import (
    ColumnBlock,
    Rows,
    TaskFeatures,
    concatenate_features,
)
from workflow_scripts.evaluation.learning_problem import Examples, coded_targets
from workflow_scripts.evaluation.linear_heads import DevChoice, LinearHead, score_heads
from workflow_scripts.evaluation.metrics import metric_for
from workflow_scripts.evaluation.ridge_regression import fit_ridge, fit_ridge_paths

PLENTY = 1 << 30
ACCURACY = metric_for("accuracy", [], "")


@dataclass
class Zoo:
    """Blocks of columns in double precision, with mean zero over the first n rows.

    Attributes:
        reads: the names of the blocks, in the order in which they were read.
    """

    columns: dict[str, np.ndarray]
    train: int
    reads: list[str] = field(default_factory=list)

    def block(self, name: str) -> ColumnBlock:
        def read(rows: Rows) -> np.ndarray:
            self.reads.append(name)
            return self.columns[name][rows]

        return ColumnBlock(name, self.columns[name].shape[1], np.array([0]), read)

    def blocks(self, names: Sequence[str]) -> list[ColumnBlock]:
        return [self.block(name) for name in names]

    def outputs(self, names: Sequence[str], head: LinearHead) -> np.ndarray:
        """[n, outputs] of the rows after those of train."""
        parts = zip(names, head.weights, strict=True)
        sums = [self.columns[name][self.train :] @ weights.T for name, weights in parts]
        return np.add.reduce(sums) + head.bias


def some_zoo(train: int = 300, widths: Sequence[int] = (5, 9, 7)) -> tuple[Zoo, np.ndarray]:
    """Checkpoints a, b, … that know hidden values more or less well, and the values [n, 4]."""
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(train + 60, 4))
    columns = {}
    for number, width in enumerate(widths):
        mixed = hidden @ generator.normal(size=(4, width))
        noise = (1 + number) * generator.normal(size=(train + 60, width))
        scaler = StandardScaler().fit((mixed + noise)[:train])
        columns[chr(ord("a") + number)] = scaler.transform(mixed + noise)
    return Zoo(columns, train), hidden


def computed(zoo: Zoo, targets: np.ndarray, names: Sequence[str]) -> CrossProducts:
    products = CrossProducts(slice(0, zoo.train), targets[: zoo.train])
    products.compute([zoo.blocks(names)], PLENTY, targets=True)
    return products


SUBSETS = [("a",), ("a", "b"), ("a", "b", "c")]


@pytest.mark.parametrize("train", [300, 12])
@pytest.mark.parametrize("penalty", [1.0, 1e-3])
@pytest.mark.parametrize("subset", SUBSETS)
def test_values_and_several_labels_are_those_of_scikit_learn(
    train: int, penalty: float, subset: tuple[str, ...]
) -> None:
    """Where there are more units than columns, and where there are fewer."""
    zoo, hidden = some_zoo(train)
    side_by_side = np.hstack([zoo.columns[name] for name in subset])
    labels = (hidden > np.array([0.0, 0.5, -0.5, 1.0])).astype(float)
    for targets in (hidden[:, :1], hidden, labels):
        head = fit_ridge(zoo.blocks(subset), computed(zoo, targets, subset), penalty)
        theirs = Ridge(alpha=penalty * train).fit(side_by_side[:train], targets[:train])
        expected = theirs.predict(side_by_side[train:]).reshape(60, -1)
        np.testing.assert_allclose(zoo.outputs(subset, head), expected, atol=1e-6)


@pytest.mark.parametrize("train", [300, 12])
@pytest.mark.parametrize("subset", SUBSETS)
def test_classes_are_those_of_scikit_learn(train: int, subset: tuple[str, ...]) -> None:
    """It codes the classes as −1 and 1, for which outputs are twice as far apart."""
    zoo, hidden = some_zoo(train)
    classes = hidden.argmax(axis=1)
    coded = coded_targets(Examples(classes), 4)
    head = fit_ridge(zoo.blocks(subset), computed(zoo, coded, subset), 0.01)
    side_by_side = np.hstack([zoo.columns[name] for name in subset])
    theirs = RidgeClassifier(alpha=0.01 * train).fit(side_by_side[:train], classes[:train])
    outputs = zoo.outputs(subset, head)
    expected = theirs.decision_function(side_by_side[train:])
    np.testing.assert_allclose(2 * outputs - 1, expected, atol=1e-6)
    assert outputs.argmax(axis=1).tolist() == theirs.predict(side_by_side[train:]).tolist()


def test_the_order_of_a_subset_is_no_matter() -> None:
    zoo, hidden = some_zoo()
    products = computed(zoo, hidden, "abc")
    one = zoo.outputs("abc", fit_ridge(zoo.blocks("abc"), products, 0.1))
    other = zoo.outputs("cab", fit_ridge(zoo.blocks("cab"), products, 0.1))
    np.testing.assert_allclose(one, other, atol=1e-10)


def test_a_checkpoint_that_stands_twice_is_as_good_as_half_the_penalty() -> None:
    """So it changes nothing where the penalty is small."""
    zoo, hidden = some_zoo()
    zoo.columns["z"] = zoo.columns["a"]
    products = computed(zoo, hidden, "abz")

    def outputs(names: str, penalty: float) -> np.ndarray:
        return zoo.outputs(names, fit_ridge(zoo.blocks(names), products, penalty))

    np.testing.assert_allclose(outputs("az", 0.2), outputs("a", 0.1), atol=1e-9)
    np.testing.assert_allclose(outputs("abz", 1e-9), outputs("ab", 1e-9), atol=1e-6)


def test_a_penalty_far_below_rounding_is_still_solved() -> None:
    """Columns of single precision, each of which stands three times."""
    zoo, hidden = some_zoo()
    values = zoo.columns["a"].astype(np.float32)
    for name in "axz":
        zoo.columns[name] = values
    products = computed(zoo, hidden, "axz")
    # What sums of single precision may look like.
    products._squares["x", "x"] -= 1e-5 * np.eye(5)
    outputs = zoo.outputs("axz", fit_ridge(zoo.blocks("axz"), products, 1e-12))
    expected = Ridge(alpha=1e-9).fit(values[:300], hidden[:300]).predict(values[300:])
    np.testing.assert_allclose(outputs, expected, atol=1e-2)


def test_sums_of_single_precision_are_those_of_double_precision() -> None:
    """On columns with a few factors, some of which are far larger, and one far from zero."""
    generator = np.random.default_rng(0)
    factors = generator.normal(size=(9_000, 6))
    columns = factors @ generator.normal(size=(6, 40)) + 0.3 * generator.normal(size=(9_000, 40))
    columns[:, :2] *= 50
    columns[:, 2] += 100
    features = TaskFeatures({"a": columns.astype(np.float32)}, np.arange(9_000), PLENTY)
    train = Examples((factors @ generator.normal(size=(6, 9)))[:8_000].argmax(axis=1))
    features.standardise(train.rows())
    (block,) = concatenate_features(features, [("a",)]).blocks
    coded = coded_targets(train, 9)
    outputs = []
    for precision in (np.float32, np.float64):
        read = features.read("a", slice(None)).astype(precision)
        zoo = Zoo({"a": read}, 8_000)
        head = fit_ridge([block], computed(zoo, coded, "a"), 1e-4)
        outputs.append(zoo.outputs("a", head))
    np.testing.assert_allclose(outputs[0], outputs[1], atol=2e-5)


def test_what_subsets_share_is_read_and_computed_once() -> None:
    zoo, hidden = some_zoo()
    products = computed(zoo, hidden, "ab")
    assert sorted(zoo.reads) == ["a", "b"]
    zoo.reads.clear()
    products.compute([zoo.blocks("a"), zoo.blocks("ba")], PLENTY, targets=True)
    assert zoo.reads == []
    products.compute([zoo.blocks("ac")], PLENTY, targets=True)
    assert sorted(zoo.reads) == ["a", "c"]
    np.testing.assert_allclose(
        products.gram(zoo.blocks("ca")),
        np.hstack([zoo.columns["c"], zoo.columns["a"]])[:300].T
        @ np.hstack([zoo.columns["c"], zoo.columns["a"]])[:300],
        atol=1e-9,
    )


def test_products_that_do_not_fit_make_room() -> None:
    zoo, hidden = some_zoo()
    products = computed(zoo, hidden, "ab")
    before = products.gram(zoo.blocks("ab"))
    products.compute([zoo.blocks("c")], 8 * 7 * 7, targets=True)
    with pytest.raises(KeyError):
        products.gram(zoo.blocks("ab"))
    zoo.reads.clear()
    products.compute([zoo.blocks("ab")], 8 * 14 * 14, targets=True)
    assert sorted(zoo.reads) == ["a", "b"]
    np.testing.assert_array_equal(products.gram(zoo.blocks("ab")), before)


def test_pairs_are_each_with_each_and_itself() -> None:
    assert pairs_of("ba") == {("a", "a"), ("a", "b"), ("b", "b")}


def test_dev_chooses_the_penalty_by_score_and_then_by_squared_error() -> None:
    zoo, hidden = some_zoo(60)
    classes = hidden.argmax(axis=1)
    features = TaskFeatures({"c": zoo.columns["c"].astype(np.float32)}, np.arange(120), PLENTY)
    design = concatenate_features(features, [("c",)])
    dev = Examples(classes[60:], start=60)
    products = CrossProducts(slice(0, 60), coded_targets(Examples(classes[:60]), 4))
    penalties = [10.0, 1.0, 0.1, 0.01, 1e-3]
    merits = []
    for penalty in penalties:
        products.compute([design.blocks], PLENTY, targets=True)
        head = fit_ridge(design.blocks, products, penalty)
        outputs = zoo.outputs("c", head)
        error = ((outputs - np.eye(4)[dev.targets]) ** 2).sum(axis=1).mean()
        merits.append(((outputs.argmax(axis=1) == dev.targets).mean(), -error))
    best = next(i for i in range(5) if i == 4 or merits[i + 1] < merits[i])
    assert 0 < best < 4
    choice = DevChoice(1, 4, dev, ACCURACY, "squared error")
    (found,) = fit_ridge_paths(penalties[::-1], design, products, choice, PLENTY)
    assert found is not None
    assert (choice.scores[0], -choice.losses[0]) == pytest.approx(merits[best], rel=1e-4)
    expected = fit_ridge(design.blocks, products, penalties[best])
    np.testing.assert_array_equal(found.weights[0], expected.weights[0])


def test_squared_errors_leave_out_classes_that_train_never_saw() -> None:
    generator = np.random.default_rng(0)
    outputs = generator.normal(size=(2, 3, 20))
    targets = generator.integers(0, 4, 20)
    _, losses = score_heads(
        lambda rows: outputs[:, :, rows], 2, 3, Examples(targets), ACCURACY, "squared error"
    )
    seen = targets < 3
    errors = (outputs[:, :, seen] - np.eye(3)[targets[seen]].T) ** 2
    np.testing.assert_allclose(losses, errors.sum(axis=1).mean(axis=1))
