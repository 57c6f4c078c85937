"""Heads: solvers against obvious versions, and what dev decides."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.evaluation.examples import Examples
from workflow_scripts.evaluation.gradient_head import fit_epochs, rows_of_sequences
from workflow_scripts.evaluation.head import LinearHead
from workflow_scripts.evaluation.metrics import accuracy, pearson
from workflow_scripts.evaluation.ridge_regression import fit_ridge_path
from workflow_scripts.evaluation.settings import AdamSettings, LbfgsSettings, SgdSettings
from workflow_scripts.evaluation.softmax_regression import fit_path, penalised_loss
from workflow_scripts.evaluation.training import DevChoice, train_head


def blobs(count: int, dim: int, classes: int, seed: int, spread: float = 2.0) -> Examples:
    """Noisy clusters whose centres do not depend on the seed."""
    centres = np.random.default_rng(99).normal(size=(classes, dim))
    generator = np.random.default_rng(seed)
    targets = np.arange(count) % classes
    features = centres[targets] + spread * generator.normal(size=(count, dim))
    return Examples(features.astype(np.float32), targets.astype(np.int64))


@pytest.mark.parametrize("shape", [(90, 7), (30, 80)])
@pytest.mark.parametrize("penalty", [1e-1, 1e-3])
def test_lbfgs_reaches_the_optimum_of_scikit_learn(shape: tuple[int, int], penalty: float) -> None:
    """Both where there are more examples than dimensions, and where there are fewer."""
    train = blobs(*shape, classes=3, seed=0)
    train.features[:, 0] = 100 + 50 * train.features[:, 0]
    (head,) = fit_path(train, 3, [penalty], max_iterations=2_000)
    theirs = make_pipeline(
        StandardScaler(),
        LogisticRegression(C=1 / (penalty * shape[0]), tol=1e-10, max_iter=10_000),
    )
    theirs.fit(train.features.astype(np.float64), train.targets)
    scale = train.features.std(axis=0)[:, None]

    def objective(weights: np.ndarray, outputs: np.ndarray) -> float:
        logs = outputs - np.log(np.exp(outputs).sum(axis=1, keepdims=True))
        right = logs[np.arange(len(logs)), train.targets].mean()
        return float(-right + penalty / 2 * np.sum(weights**2))

    best = objective(
        theirs[-1].coef_.T, theirs.decision_function(train.features.astype(np.float64))
    )
    assert objective(head.weights * scale, head.outputs(train.features)) < best + 1e-4
    fresh = blobs(50, shape[1], 3, seed=1).features
    ours, expected = head.outputs(fresh), theirs.decision_function(fresh)
    assert (ours.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.95


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
    train = Examples(features[:500].astype(np.float32), targets[:500])
    mean, scale = train.features.mean(0, np.float64), train.features.std(0, np.float64)
    scaled = (train.features - mean) / scale

    def objective(flat: np.ndarray, penalty: float) -> tuple[float, np.ndarray]:
        weights, bias = flat[:-12].reshape(48, 12), flat[-12:]
        outputs = scaled @ weights + bias
        chances = softmax(outputs, axis=1)
        loss = -log_softmax(outputs, axis=1)[np.arange(500), train.targets].mean()
        error = (chances - np.eye(12)[train.targets]) / 500
        slope = np.append(scaled.T @ error + penalty * weights, error.sum(axis=0))
        return loss + penalty / 2 * np.sum(weights**2), slope

    penalties = [1e-1, 1e-2, 1e-3]
    for penalty, head in zip(penalties, fit_path(train, 12, penalties, 500), strict=True):
        best = minimize(
            objective,
            np.zeros(49 * 12),
            penalty,
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 10_000, "maxfun": 20_000, "ftol": 1e-15, "gtol": 1e-8},
        )
        weights = head.weights * scale[:, None]
        ours = objective(np.append(weights, head.bias + mean @ head.weights), penalty)[0]
        assert best.fun - 1e-6 < ours < best.fun + 1e-4
        fresh = features[500:].astype(np.float32)
        table = best.x[:-12].reshape(48, 12)
        expected = (fresh - mean) / scale @ table + best.x[-12:]
        assert (head.outputs(fresh).argmax(axis=1) == expected.argmax(axis=1)).mean() >= 0.97


def test_the_gradient_of_the_loss_equals_finite_differences() -> None:
    train = blobs(20, 4, 3, seed=0)
    features = train.features.astype(np.float64)
    generator = np.random.default_rng(0)
    flat, scale = generator.normal(size=15), generator.uniform(0.5, 2, size=(5, 3))

    def loss(at: np.ndarray) -> float:
        return penalised_loss(at, features, train.targets, scale, 0.3)[0]

    gradient = penalised_loss(flat, features, train.targets, scale, 0.3)[1]
    steps = 1e-6 * np.eye(15)
    differences = [(loss(flat + step) - loss(flat - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(gradient, differences, atol=1e-8)


@pytest.mark.parametrize("shape", [(90, 7), (30, 80)])
def test_ridge_equals_scikit_learn(shape: tuple[int, int]) -> None:
    train = blobs(*shape, classes=3, seed=0)
    values = train.features[:, 0] + np.random.default_rng(5).normal(size=shape[0])
    heads = fit_ridge_path(Examples(train.features, values.astype(np.float64)), [0.01, 1.0])
    fresh = blobs(50, shape[1], 3, seed=1).features
    for penalty, head in zip([1.0, 0.01], heads, strict=True):
        theirs = make_pipeline(StandardScaler(), Ridge(alpha=penalty * shape[0]))
        theirs.fit(train.features.astype(np.float64), values)
        expected = theirs.predict(fresh.astype(np.float64))
        np.testing.assert_allclose(head.outputs(fresh)[:, 0], expected, atol=1e-4)


@pytest.mark.parametrize("settings", [LbfgsSettings(), AdamSettings(learning_rate=0.05)])
def test_values_are_learned(settings: LbfgsSettings | AdamSettings) -> None:
    parts = []
    for seed in range(3):
        features = blobs(120, 5, 2, seed).features
        values = 7 + 3 * features[:, 1] - features[:, 2]
        parts.append(Examples(features, values.astype(np.float64)))
    head = train_head(settings, parts[0], parts[1], 1, pearson, seed=0)
    assert head.score(parts[2], pearson) > 0.99
    assert head.loss(parts[2]) < 0.1 * parts[2].targets.var()


def test_a_constant_feature_is_no_matter() -> None:
    train = blobs(60, 4, 3, seed=0)
    constant = np.full((60, 1), 1e4, np.float32)
    wider = Examples(np.hstack([train.features, constant]), train.targets)
    ours = train_head(LbfgsSettings(), wider, wider, 3, accuracy, seed=0)
    plain = train_head(LbfgsSettings(), train, train, 3, accuracy, seed=0)
    np.testing.assert_allclose(
        ours.outputs(wider.features), plain.outputs(train.features), atol=1e-2
    )


def test_a_class_that_train_never_saw_is_an_error_and_not_a_crash() -> None:
    train = blobs(60, 4, 3, seed=0)
    strange = Examples(train.features[:10], np.full(10, 3))
    for settings in (LbfgsSettings(), AdamSettings(epochs=2)):
        head = train_head(settings, train, strange, 3, accuracy, seed=0)
        assert head.score(strange, accuracy) == 0
        assert head.loss(strange) == 0


def test_penalties_are_tried_for_as_long_as_dev_gains() -> None:
    train, dev = (blobs(60, 30, 3, seed, spread=4.0) for seed in (0, 1))
    penalties = [10.0, 1.0, 1e-1, 1e-2, 1e-3, 1e-4]
    heads = list(fit_path(train, 3, penalties, 500))
    merits = [(head.score(dev, accuracy), -head.loss(dev)) for head in heads]
    best = next(i for i in range(5) if merits[i + 1] < merits[i])
    chosen = train_head(LbfgsSettings(l2=penalties), train, dev, 3, accuracy, seed=0)
    np.testing.assert_array_equal(chosen.weights, heads[best].weights)


def test_a_step_sees_sequences_whole() -> None:
    """Two sequences a step: the rows of each stand together, whatever their lengths."""
    train = blobs(12, 3, 2, seed=0)
    sequences = np.array([7, 7, 7, 2, 9, 9, 9, 9, 4, 4, 5, 5])
    rows = rows_of_sequences(sequences)
    assert [part.tolist() for part in rows] == [
        [0, 1, 2],
        [3],
        [4, 5, 6, 7],
        [8, 9],
        [10, 11],
    ]
    settings = SgdSettings(learning_rate=0.5, epochs=1, batch_size=2)
    examples = Examples(train.features, train.targets, sequences)
    (head,) = fit_epochs(settings, examples, 2, seed=3, device="cpu")
    weight, bias = torch.zeros(2, 3, requires_grad=True), torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.SGD([weight, bias], lr=0.5)
    generator = torch.Generator().manual_seed(seeded_integer(3, "epoch", 0))
    order = torch.randperm(5, generator=generator).tolist()
    for step in (order[:2], order[2:4], order[4:]):
        batch = np.concatenate([rows[number] for number in step])
        outputs = torch.from_numpy(train.features[batch]) @ weight.T + bias
        loss = torch.nn.functional.cross_entropy(outputs, torch.from_numpy(train.targets[batch]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    np.testing.assert_allclose(head.weights, weight.detach().T.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    "settings",
    [
        AdamSettings(learning_rate=0.01, epochs=5, batch_size=16),
        SgdSettings(
            learning_rate=0.5,
            epochs=5,
            batch_size=16,
            momentum=0.9,
            weight_decay=0.01,
            milestones=[2, 4],
        ),
    ],
)
def test_mini_batch_heads_equal_a_plain_loop(settings: AdamSettings | SgdSettings) -> None:
    train = blobs(50, 6, 3, seed=0)
    heads = list(fit_epochs(settings, train, 3, seed=5, device="cpu"))

    x, y = torch.from_numpy(train.features), torch.from_numpy(train.targets)
    weight = torch.zeros(3, 6, requires_grad=True)
    bias = torch.zeros(3, requires_grad=True)
    optimizer: torch.optim.Optimizer = torch.optim.Adam([weight, bias])
    if isinstance(settings, SgdSettings):
        optimizer = torch.optim.SGD([weight, bias], momentum=0.9, weight_decay=0.01)
    for epoch in range(5):
        passed = sum(epoch >= milestone for milestone in settings.milestones)
        optimizer.param_groups[0]["lr"] = settings.learning_rate * 0.1**passed
        generator = torch.Generator().manual_seed(seeded_integer(5, "epoch", epoch))
        order = torch.randperm(50, generator=generator)
        for start in range(0, 50, 16):
            rows = order[start : start + 16]
            loss = torch.nn.functional.cross_entropy(x[rows] @ weight.T + bias, y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        np.testing.assert_allclose(heads[epoch].weights, weight.detach().T.numpy(), atol=1e-5)
        np.testing.assert_allclose(heads[epoch].bias, bias.detach().numpy(), atol=1e-5)
        assert heads[epoch].epochs == epoch + 1


@pytest.mark.parametrize(
    "settings",
    [
        LbfgsSettings(),
        AdamSettings(learning_rate=0.01),
        SgdSettings(milestones=[5, 20]),
    ],
)
def test_heads_learn_and_are_the_same_each_time(
    settings: LbfgsSettings | AdamSettings | SgdSettings,
) -> None:
    train, dev, test = (blobs(90, 10, 3, seed, spread=1.0) for seed in range(3))
    heads = [train_head(settings, train, dev, 3, accuracy, seed=1) for _ in range(2)]
    assert heads[0].score(test, accuracy) > 0.8
    assert (heads[0].weights == heads[1].weights).all()


def test_dev_chooses_the_best_then_the_surest_then_the_first() -> None:
    dev = Examples(np.eye(2, dtype=np.float32), np.array([0, 1]))
    good = LinearHead(np.eye(2), np.zeros(2), epochs=3)
    surer = LinearHead(2 * np.eye(2), np.zeros(2), epochs=4)
    bad = LinearHead(-np.eye(2), np.zeros(2), epochs=5)
    same = LinearHead(2 * np.eye(2), np.zeros(2), epochs=6)
    choice = DevChoice(dev, accuracy)
    for head in (bad, good, surer, same):
        choice.offer(head)
    assert choice.head is surer


def test_a_diverged_head_is_refused() -> None:
    train = blobs(20, 4, 2, seed=0)
    endless = Examples(train.features * np.float32(np.nan), train.targets)
    with pytest.raises(ValueError, match=r"diverged; lower head\.learning_rate"):
        train_head(AdamSettings(epochs=2), endless, endless, 2, accuracy, seed=0)
