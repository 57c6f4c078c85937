"""Many heads at a time: against libraries, against one at a time, and what dev decides."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import minimize as scipy_minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.evaluation import design_matrix, training
from workflow_scripts.evaluation.cross_products import CrossProducts
from workflow_scripts.evaluation.design_matrix import (
    TaskFeatures,
    concatenate_features,
    project_features,
    random_signs,
    row_blocks,
)
from workflow_scripts.evaluation.lbfgs import minimise
from workflow_scripts.evaluation.learning_problem import (
    Examples,
    LearningProblem,
    coded_targets,
)
from workflow_scripts.evaluation.linear_heads import (
    DevChoice,
    LinearHead,
    LinearHeads,
    Outputs,
    score_heads,
)
from workflow_scripts.evaluation.metrics import Metric, accuracy, metric_for
from workflow_scripts.evaluation.ridge_regression import fit_ridge_paths
from workflow_scripts.evaluation.settings import AdamSettings, LbfgsSettings, SgdSettings
from workflow_scripts.evaluation.softmax_regression import SoftmaxProblem, fit_softmax_paths
from workflow_scripts.evaluation.stochastic_gradient import fit_by_minibatches, rows_of_sequences
from workflow_scripts.evaluation.training import Fit, train_heads

ACCURACY = metric_for("accuracy", [], "")
PLENTY = 1 << 30
Solver = AdamSettings | SgdSettings | LbfgsSettings


class AlwaysGains(DevChoice):
    """Takes whatever is offered."""

    def __init__(self) -> None:
        super().__init__(1, 1, Examples(np.zeros(1)), ACCURACY)

    def offer(
        self, heads: Sequence[int] | np.ndarray, outputs: Outputs, epochs: Sequence[int]
    ) -> np.ndarray:
        return np.ones(len(heads), bool)


def blobs(
    count: int, dim: int, classes: int, seed: int, spread: float = 2.0
) -> tuple[np.ndarray, np.ndarray]:
    """Noisy clusters whose centres do not depend on the seed, and their numbers."""
    centres = np.random.default_rng(99).normal(size=(classes, dim))
    generator = np.random.default_rng(seed)
    targets = np.arange(count) % classes
    features = centres[targets] + spread * generator.normal(size=(count, dim))
    return features.astype(np.float32), targets.astype(np.int64)


def features_of(
    columns: np.ndarray, widths: Sequence[int] | None = None, memory_bytes: int = PLENTY
) -> TaskFeatures:
    """Features of checkpoints a, b, … of these widths, side by side in the columns."""
    borders = np.cumsum([0, *(widths or [columns.shape[1]])])
    arrays = {
        chr(ord("a") + number): columns[:, start:stop]
        for number, (start, stop) in enumerate(pairwise(borders))
    }
    return TaskFeatures(arrays, np.arange(len(columns)), memory_bytes)


def problem_of(
    parts: Sequence[tuple[np.ndarray, np.ndarray]],
    classes: int,
    metric: Metric = ACCURACY,
    widths: Sequence[int] | None = None,
    standardise: bool = True,
    memory_bytes: int = PLENTY,
) -> LearningProblem:
    """Train, dev and test from features and targets of each."""
    features = features_of(np.concatenate([x for x, _ in parts]), widths, memory_bytes)
    starts = np.cumsum([0, *(len(targets) for _, targets in parts)])
    train, dev, test = (
        Examples(targets, start=int(start))
        for (_, targets), start in zip(parts, starts, strict=False)
    )
    if standardise:
        features.standardise(train.rows())
    return LearningProblem(features, train, dev, test, classes, metric)


def all_fits(
    settings: Solver,
    problem: LearningProblem,
    subsets: Sequence[tuple[str, ...]] = (("a",),),
    seed: int = 0,
    memory_bytes: int = PLENTY,
    width: int = 0,
) -> dict[tuple[str, ...], Fit]:
    groups = train_heads(settings, problem, subsets, seed, memory_bytes, width=width)
    return {subset: fit for group in groups for subset, fit in group.items()}


def only_head(
    settings: LbfgsSettings, train: tuple[np.ndarray, np.ndarray], classes: int, fresh: np.ndarray
) -> tuple[LinearHead, np.ndarray]:
    """The head at the last penalty, and its outputs [n, classes] for train and then fresh rows."""
    features = features_of(np.concatenate([train[0], fresh]))
    examples = Examples(train[1])
    features.standardise(examples.rows())
    design = concatenate_features(features, [("a",)])
    products = CrossProducts(examples.rows(), coded_targets(examples, classes))
    (head,) = fit_softmax_paths(settings, design, examples, products, AlwaysGains(), PLENTY)
    assert head is not None
    return head, LinearHeads(design, [head]).outputs(slice(0, features.count))[0].T


# L-BFGS.


def test_problems_in_step_reach_the_minima_that_scipy_finds() -> None:
    """Convex functions of different sizes and shapes; some need many steps, one none."""
    generator = np.random.default_rng(0)
    sizes = [3, 8, 20, 5]
    tables = [generator.normal(size=(40, size)) * generator.uniform(0.1, 9, size) for size in sizes]
    calls: list[int] = []

    def value(number: int, x: np.ndarray) -> tuple[float, np.ndarray]:
        outputs = tables[number] @ x + 1
        chances = softmax(outputs)
        return float(
            np.log(np.exp(outputs - outputs.max()).sum()) + outputs.max() + 0.05 * x @ x
        ), tables[number].T @ chances + 0.1 * x

    def evaluate(
        numbers: Sequence[int], points: Sequence[np.ndarray]
    ) -> tuple[list[float], list[np.ndarray]]:
        calls.append(len(numbers))
        found = [value(number, point) for number, point in zip(numbers, points, strict=True)]
        return [one for one, _ in found], [slope for _, slope in found]

    best = [
        scipy_minimize(lambda x, i=i: value(i, x), np.ones(size), jac=True, method="BFGS", tol=1e-9)
        for i, size in enumerate(sizes)
    ]
    starts = [5 * np.ones(size) for size in sizes[:3]] + [best[3].x]
    points, steps = minimise(evaluate, starts, 500, 1e-10, 1e-5)
    for point, one in zip(points, best, strict=True):
        np.testing.assert_allclose(point, one.x, atol=1e-3)
    assert steps[3] <= 1 < min(steps[:3])
    assert calls[0] == 4
    assert calls[-1] < 3
    _, steps = minimise(evaluate, starts, 2, 1e-10, 1e-5)
    assert max(steps) == 2


def test_a_step_that_is_too_long_is_shortened() -> None:
    """A function that is steep and then curves sharply: a full step would climb, or be infinite."""

    def evaluate(
        numbers: Sequence[int], points: Sequence[np.ndarray]
    ) -> tuple[list[float], list[np.ndarray]]:
        with np.errstate(over="ignore", invalid="ignore"):
            values = [float((np.exp(x) + np.exp(-x)).sum()) for x in points]
            return values, [np.exp(x) - np.exp(-x) for x in points]

    points, steps = minimise(evaluate, [np.array([8.0]), np.array([3.0, -2.0])], 100, 1e-12, 1e-6)
    for point in points:
        np.testing.assert_allclose(point, 0, atol=1e-4)
    assert max(steps) < 60


@pytest.mark.parametrize("shape", [(90, 7), (30, 80)])
@pytest.mark.parametrize("penalty", [1e-1, 1e-3])
def test_lbfgs_reaches_the_optimum_of_scikit_learn(shape: tuple[int, int], penalty: float) -> None:
    """Both where there are more examples than dimensions, and where there are fewer."""
    x, y = blobs(*shape, classes=3, seed=0)
    x[:, 0] = 100 + 50 * x[:, 0]
    fresh, _ = blobs(50, shape[1], 3, seed=1)
    head, outputs = only_head(LbfgsSettings(l2=[penalty], max_iterations=2_000), (x, y), 3, fresh)
    theirs = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=1 / (penalty * shape[0]), tol=1e-10, max_iter=10_000),
    )
    theirs.fit(x.astype(np.float64), y)

    def objective(weights: np.ndarray, outputs: np.ndarray) -> float:
        right = log_softmax(outputs, axis=1)[np.arange(len(y)), y].mean()
        return float(-right + penalty / 2 * np.sum(weights**2))

    best = objective(theirs[-1].coef_, theirs.decision_function(x.astype(np.float64)))
    assert objective(head.weights[0], outputs[: len(y)]) < best + 1e-4
    expected = theirs.decision_function(fresh.astype(np.float64))
    assert (outputs[len(y) :].argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.95


def test_every_penalty_of_a_path_ends_near_its_optimum() -> None:
    """On features like those of language models: few factors, and some dimensions far larger."""
    generator = np.random.default_rng(0)
    factors = generator.normal(size=(600, 8))
    features = factors @ generator.normal(size=(8, 48)) + 0.2 * generator.normal(size=(600, 48))
    features[:, :2] *= 50
    features[:, 2] += 100
    targets = (factors @ generator.normal(size=(8, 12)) + generator.gumbel(size=(600, 12))).argmax(
        axis=1
    )
    train, fresh = features[:500].astype(np.float32), features[500:].astype(np.float32)
    mean, scale = train.mean(0, np.float64), train.std(0, np.float64)
    scaled = (train - mean) / scale

    def objective(flat: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
        weights, bias = flat[:-12].reshape(48, 12), flat[-12:]
        outputs = scaled @ weights + bias
        chances = softmax(outputs, axis=1)
        loss = -log_softmax(outputs, axis=1)[np.arange(500), targets[:500]].mean()
        error = (chances - np.eye(12)[targets[:500]]) / 500
        slope = np.append(scaled.T @ error + penalty * weights, error.sum(axis=0))
        return loss + penalty / 2 * np.sum(weights**2), slope

    penalties = [1e-1, 1e-2, 1e-3]
    for number, penalty in enumerate(penalties):
        best = scipy_minimize(
            objective,
            np.zeros(49 * 12),
            penalty,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 10_000, "maxfun": 20_000, "ftol": 1e-15, "gtol": 1e-8},
        )
        path = LbfgsSettings(l2=penalties[: number + 1])
        head, outputs = only_head(path, (train, targets[:500]), 12, fresh)
        ours = objective(np.append(head.weights[0].T, head.bias), penalty)[0]
        assert best.fun - 1e-6 < ours < best.fun + 1e-4
        table = best.x[:-12].reshape(48, 12)
        expected = (fresh - mean) / scale @ table + best.x[-12:]
        assert (outputs[500:].argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.97


@pytest.mark.parametrize("count", [40, 9])
def test_the_gradient_of_the_loss_equals_finite_differences(count: int) -> None:
    """Of heads that share blocks, and of those with fewer examples than columns."""
    x, y = blobs(count, 12, 3, seed=0)
    features = features_of(x, [2, 4, 6])
    features.standardise(slice(0, count))
    design = concatenate_features(features, [("a", "b"), ("b",), ("a", "b", "c")])
    train = Examples(y)
    products = CrossProducts(train.rows(), coded_targets(train, 3))
    problem = SoftmaxProblem(design, train, products, PLENTY)
    heads = [0, 1, 2]
    shares = products.mean
    curvatures = np.repeat((np.diag(shares) - np.outer(shares, shares))[None], 3, axis=0)
    scalings = problem.scalings(heads, curvatures, 0.3)
    generator = np.random.default_rng(0)
    points = [scaling.point(generator.normal(size=scaling.factors.shape)) for scaling in scalings]
    _, gradients = problem.loss(heads, scalings, 0.3, heads, points)
    # Products are in single precision.
    step = 1e-2
    for head in heads:
        direction = generator.normal(size=points[head].size)
        direction /= np.linalg.norm(direction)
        (high, low), _ = problem.loss(
            heads,
            scalings,
            0.3,
            [head, head],
            [points[head] + step * direction, points[head] - step * direction],
        )
        assert (high - low) / (2 * step) == pytest.approx(gradients[head] @ direction, abs=2e-4)


@pytest.mark.parametrize("shape", [(90, 7), (30, 80)])
def test_ridge_equals_scikit_learn(shape: tuple[int, int]) -> None:
    x, _ = blobs(*shape, classes=3, seed=0)
    values = x[:, 0] + np.random.default_rng(5).normal(size=shape[0])
    fresh, _ = blobs(50, shape[1], 3, seed=1)
    features = features_of(np.concatenate([x, fresh]))
    train = Examples(values.astype(np.float64))
    features.standardise(train.rows())
    design = concatenate_features(features, [("a",)])
    for path, penalty in (([1.0], 1.0), ([1.0, 0.01], 0.01)):
        products = CrossProducts(train.rows(), coded_targets(train, 1))
        (head,) = fit_ridge_paths(path, design, products, AlwaysGains(), PLENTY)
        assert head is not None
        theirs = make_pipeline(StandardScaler(), Ridge(alpha=penalty * shape[0]))
        theirs.fit(x.astype(np.float64), values)
        expected = theirs.predict(fresh.astype(np.float64))
        ours = LinearHeads(design, [head]).outputs(slice(shape[0], features.count))
        np.testing.assert_allclose(ours[0, 0], expected, atol=1e-4)


def test_penalties_are_tried_for_as_long_as_dev_gains() -> None:
    parts = [blobs(60, 30, 3, seed, spread=4.0) for seed in (0, 1, 2)]
    problem = problem_of(parts, 3)
    penalties = [10.0, 1.0, 1e-1, 1e-2, 1e-3, 1e-4]
    design = concatenate_features(problem.features, [("a",)])
    merits = []
    for number in range(1, 7):
        settings = LbfgsSettings(l2=penalties[:number])
        (head,) = fit_softmax_paths(
            settings, design, problem.train, problem.products, AlwaysGains(), PLENTY
        )
        assert head is not None
        outputs = LinearHeads(design, [head]).outputs
        scores, losses = score_heads(outputs, 1, 3, problem.dev, ACCURACY)
        merits.append((scores[0], -losses[0]))
    best = next(i for i in range(5) if merits[i + 1] < merits[i])
    choice = DevChoice(1, 3, problem.dev, ACCURACY)
    settings = LbfgsSettings(l2=penalties)
    fit_softmax_paths(settings, design, problem.train, problem.products, choice, PLENTY)
    assert (choice.scores[0], -choice.losses[0]) == pytest.approx(merits[best])


def test_too_few_iterations_are_said(caplog: pytest.LogCaptureFixture) -> None:
    all_fits(LbfgsSettings(max_iterations=2), problem_of([blobs(60, 30, 3, 0)] * 3, 3))
    assert "L-BFGS stopped after 2 iterations at l2 = 0.1" in caplog.text


# Mini-batches.


def test_a_step_sees_sequences_whole() -> None:
    sequences = np.array([7, 7, 7, 2, 9, 9, 9, 9, 4, 4, 5, 5])
    assert [part.tolist() for part in rows_of_sequences(sequences)] == [
        [0, 1, 2],
        [3],
        [4, 5, 6, 7],
        [8, 9],
        [10, 11],
    ]


GRADIENT_SETTINGS = [
    AdamSettings(learning_rate=0.01, epochs=5, batch_size=4),
    SgdSettings(
        learning_rate=0.5,
        epochs=5,
        batch_size=4,
        momentum=0.9,
        weight_decay=0.01,
        milestones=[2, 4],
    ),
]


@pytest.mark.parametrize("values", [False, True])
@pytest.mark.parametrize("settings", GRADIENT_SETTINGS)
def test_mini_batch_heads_equal_a_plain_loop(
    settings: AdamSettings | SgdSettings, values: bool
) -> None:
    """Each of several heads at a time, after every epoch, with the optimizers of torch.optim."""
    x, y = blobs(50, 6, 3, seed=0)
    # Were the first batch to hold a class in just its share of all, the gradient of its bias would
    # be rounding, which Adam scales up.
    sequences = np.arange(50) // 5
    targets = 7 + 3 * x[:, 1].astype(np.float64) if values else y
    classes = 1 if values else 3
    train = Examples(targets, sequences)
    subsets = [("a",), ("a", "b"), ("b",)]
    columns = {("a",): x[:, :2], ("a", "b"): x, ("b",): x[:, 2:]}
    design = concatenate_features(features_of(x, [2, 4]), subsets)
    for epochs in (1, 3, 5):
        shorter = settings.model_copy(update={"epochs": epochs})
        heads = fit_by_minibatches(shorter, design, train, classes, AlwaysGains(), seed=5)
        for subset, head in zip(subsets, heads, strict=True):
            expected = plain_loop(shorter, columns[subset], train, classes)
            assert head is not None
            np.testing.assert_allclose(np.hstack(head.weights), expected[0], rtol=1e-4, atol=5e-5)
            np.testing.assert_allclose(head.bias, expected[1], rtol=1e-4, atol=5e-5)


def plain_loop(
    settings: AdamSettings | SgdSettings, columns: np.ndarray, train: Examples, classes: int
) -> tuple[np.ndarray, np.ndarray]:
    mean, scale = (train.targets.mean(), train.targets.std()) if classes == 1 else (0.0, 1.0)
    x, y = torch.from_numpy(columns), torch.from_numpy(train.targets)
    weight = torch.zeros(classes, columns.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimizer: torch.optim.Optimizer = torch.optim.Adam([weight, bias])
    if isinstance(settings, SgdSettings):
        optimizer = torch.optim.SGD([weight, bias], momentum=0.9, weight_decay=0.01)
    sequences = rows_of_sequences(train.sequences)
    for epoch in range(settings.epochs):
        milestones = getattr(settings, "milestones", [])
        passed = sum(epoch >= milestone for milestone in milestones)
        optimizer.param_groups[0]["lr"] = settings.learning_rate * 0.1**passed
        generator = torch.Generator().manual_seed(seeded_integer(5, "epoch", epoch))
        order = torch.randperm(len(sequences), generator=generator).tolist()
        for start in range(0, len(order), settings.batch_size):
            rows = np.concatenate([sequences[one] for one in order[start : start + 4]])
            outputs = x[rows] @ weight.T + bias
            if classes == 1:
                scaled = ((y[rows] - mean) / scale).float()
                loss = torch.nn.functional.mse_loss(outputs[:, 0], scaled)
            else:
                loss = torch.nn.functional.cross_entropy(outputs, y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    weights = scale * weight.detach().numpy()
    return weights, scale * bias.detach().numpy() + mean


def test_a_head_that_no_longer_gains_stops_and_the_others_go_on() -> None:
    """The first learns from noise, so that dev soon loses; what the second is does not change."""
    x, y = blobs(90, 6, 3, seed=0, spread=0.5)
    parts = [(x[rows], y[rows]) for rows in (slice(0, 60), slice(60, 75), slice(75, 90))]
    noise = np.random.default_rng(1).normal(size=(90, 4)).astype(np.float32)
    parts = [
        (np.hstack([noise[rows], part[0]]), part[1])
        for rows, part in zip((slice(0, 60), slice(60, 75), slice(75, 90)), parts, strict=True)
    ]
    problem = problem_of(parts, 3, widths=[4, 6])
    subsets = [("a",), ("b",)]
    settings = AdamSettings(learning_rate=0.01, epochs=60, patience=0)
    whole = all_fits(settings, problem, subsets)
    short = all_fits(settings.model_copy(update={"patience": 4}), problem, subsets)
    assert short["b",] == whole["b",]
    assert short["a",].epochs < 30
    alone = all_fits(settings.model_copy(update={"patience": 4}), problem, subsets[:1])
    assert short["a",].epochs == alone["a",].epochs


# What all solvers have in common.

SOLVERS: list[Solver] = [
    LbfgsSettings(),
    AdamSettings(learning_rate=0.02, epochs=15),
    SgdSettings(epochs=15, momentum=0.5, milestones=[5]),
]
SUBSETS = [("a",), ("a", "b"), ("a", "b", "c"), ("b", "d"), ("c", "d")]


@pytest.mark.parametrize("width", [0, 5])
@pytest.mark.parametrize("settings", SOLVERS)
@pytest.mark.parametrize("count", [120, 21])
def test_many_heads_at_a_time_are_what_each_is_alone(
    settings: Solver, count: int, width: int
) -> None:
    """Whatever is held in memory, and however many are trained at a time."""
    parts = [blobs(size, 24, 3, seed, spread=5.0) for seed, size in enumerate((count, 60, 300))]
    problem = problem_of(parts, 3, widths=[3, 5, 7, 9])
    together = all_fits(settings, problem, SUBSETS, width=width)
    alone = {
        subset: all_fits(settings, problem, [subset], width=width)[subset] for subset in SUBSETS
    }
    read = problem_of(parts, 3, widths=[3, 5, 7, 9], memory_bytes=0)
    in_groups = all_fits(settings, read, SUBSETS, memory_bytes=5000, width=width)
    assert list(together) == list(in_groups) == SUBSETS
    for subset in SUBSETS:
        for other in (alone[subset], in_groups[subset]):
            assert together[subset].dev_score == pytest.approx(other.dev_score, abs=0.02)
            assert together[subset].test_score == pytest.approx(other.test_score, abs=0.01)
    assert len({fit.test_score for fit in together.values()}) > 2


def test_groups_are_as_large_as_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = problem_of([blobs(60, 24, 3, seed) for seed in range(3)], 3, widths=[3, 5, 7, 9])
    settings = AdamSettings(epochs=1)

    def sizes(memory_bytes: int) -> list[int]:
        return [len(group) for group in train_heads(settings, problem, SUBSETS, 0, memory_bytes)]

    assert sizes(PLENTY) == [5]
    assert sizes(1) == [1] * 5
    assert sizes(20 * 3 * (3 + 8)) == [2, 1, 1, 1]
    monkeypatch.setattr(training, "_MOST_HEADS", 3)
    assert sizes(PLENTY) == [3, 2]


@pytest.mark.parametrize("settings", [LbfgsSettings(), AdamSettings(learning_rate=0.05)])
def test_values_are_learned(settings: Solver) -> None:
    parts = []
    for seed in range(3):
        features, _ = blobs(120, 5, 2, seed)
        values = 7 + 3 * features[:, 1] - features[:, 2]
        parts.append((features, values.astype(np.float64)))
    fit = all_fits(settings, problem_of(parts, 1, metric_for("pearson", [], "")))["a",]
    assert fit.test_score > 0.99


def test_a_constant_feature_is_no_matter() -> None:
    x, y = blobs(60, 4, 3, seed=0)
    wider = np.hstack([x, np.full((60, 1), 1e4, np.float32)])
    settings = LbfgsSettings(l2=[0.01])
    _, plain = only_head(settings, (x, y), 3, x)
    _, ours = only_head(settings, (wider, y), 3, wider)
    np.testing.assert_allclose(ours, plain, atol=1e-2)


def test_a_class_that_train_never_saw_is_an_error_and_not_a_crash() -> None:
    x, y = blobs(60, 4, 3, seed=0)
    strange = x[:10], np.full(10, 3)
    for settings in (LbfgsSettings(), AdamSettings(epochs=2)):
        fit = all_fits(settings, problem_of([(x, y), strange, strange], 3))["a",]
        assert (fit.dev_score, fit.test_score) == (0, 0)


@pytest.mark.parametrize("settings", SOLVERS)
def test_heads_learn_and_are_the_same_each_time(settings: Solver) -> None:
    parts = [blobs(90, 10, 3, seed, spread=1.0) for seed in range(3)]
    fits = [all_fits(settings, problem_of(parts, 3), seed=1) for _ in range(2)]
    assert fits[0] == fits[1]
    assert fits[0]["a",].test_score > 0.8


def test_dev_chooses_the_best_then_the_surest_then_the_first() -> None:
    dev = Examples(np.array([0, 1]))
    choice = DevChoice(2, 2, dev, ACCURACY)
    states = {"bad": -np.eye(2), "good": np.eye(2), "surer": 2 * np.eye(2), "same": 2 * np.eye(2)}
    for epoch, outputs in enumerate(states.values()):
        other = np.full((2, 2), np.nan if epoch else 0.0)
        gained = choice.offer([0, 1], lambda _, o=outputs, p=other: np.stack([o, p]), [epoch] * 2)
        assert gained.tolist() == [epoch < 3, epoch == 0]
    assert choice.epochs.tolist() == [2, 0]
    assert choice.scores.tolist() == [1.0, 0.5]


@pytest.mark.parametrize("settings", [AdamSettings(epochs=2), LbfgsSettings()])
def test_a_diverged_head_is_refused(settings: Solver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features that are not finite are refused before; here they stand for what has diverged."""
    monkeypatch.setattr(design_matrix, "check_finite", lambda *_: None)
    x, y = blobs(20, 4, 2, seed=0)
    endless = problem_of([(x, y), (x * np.float32(np.nan), y), (x, y)], 2)
    with pytest.raises(ValueError, match=r"diverged; lower head\.learning_rate"):
        all_fits(settings, endless)


def test_judging_goes_through_examples_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    from workflow_scripts.evaluation import linear_heads

    generator = np.random.default_rng(0)
    outputs = generator.normal(size=(3, 4, 700))
    targets = generator.integers(0, 5, 700)
    examples = Examples(targets, start=40)
    whole = score_heads(
        lambda rows: outputs[:, :, rows.start - 40 : rows.stop - 40], 3, 4, examples, ACCURACY
    )
    monkeypatch.setattr(linear_heads, "_BLOCK_OUTPUTS", 1)
    parts = score_heads(
        lambda rows: outputs[:, :, rows.start - 40 : rows.stop - 40], 3, 4, examples, ACCURACY
    )
    np.testing.assert_allclose(parts, whole)
    known = targets < 4
    logs = log_softmax(outputs, axis=1)[:, targets[known], np.flatnonzero(known)]
    np.testing.assert_allclose(whole[1], -logs.mean(axis=1))
    np.testing.assert_allclose(whole[0], (outputs.argmax(axis=1) == targets).mean(axis=1))


# What heads read.


def test_features_are_the_same_whether_held_or_read_in_blocks(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    generator = np.random.default_rng(0)
    corpus = (100 + 3 * generator.normal(size=(500, 7))).astype(np.float32)
    corpus[:, 3] = 0.1
    units = generator.permutation(500)[:300]
    mapped = np.memmap(f"{tmp_path}/features", np.float32, "w+", shape=corpus.shape)
    mapped[:] = corpus
    monkeypatch.setattr(design_matrix, "BLOCK_ROWS", 64)
    monkeypatch.setattr(design_matrix, "_RESIDENT_BYTES", 1000)
    held, read = (TaskFeatures({"a": mapped}, units, size) for size in (PLENTY, 0))
    np.testing.assert_array_equal(held.read("a", slice(20, 30)), corpus[units[20:30]])
    for one in (held, read):
        one.standardise(slice(0, 200))
    rows = corpus[units].astype(np.float64)
    mean, scale = rows[:200].mean(axis=0), rows[:200].std(axis=0)
    scale[3] = 1.0
    for one in (held, read):
        np.testing.assert_allclose(one.read("a", slice(0, 300)), (rows - mean) / scale, atol=1e-4)
        assert one.read("a", np.array([5, 3])).dtype == np.float32
    np.testing.assert_allclose(
        read.read("a", np.array([5, 250])), held.read("a", np.array([5, 250])), atol=1e-6
    )


def test_blocks_of_rows_cover_all() -> None:
    assert row_blocks(slice(3, 10), 4) == [slice(3, 7), slice(7, 10)]
    assert row_blocks(slice(3, 3), 4) == []


def test_some_of_the_heads_read_what_they_did() -> None:
    features = features_of(blobs(10, 9, 2, 0)[0], [2, 3, 4])
    subsets = [("a",), ("a", "b"), ("c",), ("b", "c")]
    design = concatenate_features(features, subsets)
    assert [design.of(head) for head in range(4)] == [[0], [0, 1], [2], [1, 2]]
    some = design.only([1, 3])
    assert some.count == 2
    assert [block.heads.tolist() for block in some.blocks] == [[0], [0, 1], [1]]
    assert [block.width for block in some.blocks] == [2, 3, 4]


@pytest.mark.parametrize("memory_bytes", [PLENTY, 0])
def test_projections_keep_distances_and_are_those_of_the_columns_side_by_side(
    memory_bytes: int,
) -> None:
    x, _ = blobs(40, 60, 2, 0)
    features = features_of(x, [20, 40])
    design = project_features(features, [("a", "b"), ("b",)], 2000, memory_bytes)
    assert [block.width for block in design.blocks] == [2000, 2000]
    both, one = (block.read(slice(0, 40)) for block in design.blocks)
    signs = np.vstack([random_signs(20, 2000, "a"), random_signs(40, 2000, "b")])
    np.testing.assert_allclose(both, x @ signs, atol=1e-4)
    np.testing.assert_allclose(one, x[:, 20:] @ signs[20:], atol=1e-4)
    assert set(np.unique(np.abs(signs))) == {np.float32(1 / np.sqrt(2000))}
    before = np.linalg.norm(x[1:] - x[0], axis=1)
    after = np.linalg.norm(both[1:] - both[0], axis=1)
    np.testing.assert_allclose(after / before, 1, atol=0.1)


def test_one_metric_of_many_heads_is_that_of_each() -> None:
    labels = ["B-NP", "I-NP", "O", "B-VP"]
    generator = np.random.default_rng(0)
    outputs = generator.normal(size=(5, 4, 60))
    examples = Examples(generator.integers(0, 4, 60), np.arange(60) // 7)
    for name in ("accuracy", "top3_accuracy", "span_f1", "f1"):
        metric = metric_for(name, labels, "O")
        together = metric.score(examples.targets, metric.predictions(outputs), examples.sequences)
        alone = [
            metric.score(
                examples.targets,
                metric.predictions(outputs[head : head + 1]),
                examples.sequences,
            )[0]
            for head in range(5)
        ]
        assert together.tolist() == alone
    assert accuracy(examples.targets, outputs.argmax(axis=1)).shape == (5,)


def test_inputs_may_be_of_no_use() -> None:
    """Columns that do not vary at all: every example gets the likeliest class."""
    y = np.array([0, 0, 0, 1])
    parts = [(np.full((4, 3), 5, np.float32), y)] * 3
    for settings in (LbfgsSettings(), AdamSettings(epochs=3)):
        assert all_fits(settings, problem_of(parts, 2))["a",].test_score == 0.75
