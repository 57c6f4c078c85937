"""Heads: solvers against obvious versions, and what dev decides."""

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.evaluation.gradient_head import fit_epochs
from workflow_scripts.evaluation.head import Examples, LinearHead
from workflow_scripts.evaluation.metrics import accuracy
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
    (head,) = fit_path(train, 3, [penalty], max_iterations=2_000)
    theirs = LogisticRegression(C=1 / (penalty * shape[0]), tol=1e-10, max_iter=10_000)
    theirs.fit(train.features.astype(np.float64), train.targets)
    fresh = blobs(50, shape[1], 3, seed=1).features
    ours = head.logits(fresh)
    np.testing.assert_allclose(
        ours - ours.mean(axis=1, keepdims=True), theirs.decision_function(fresh), atol=2e-2
    )


def test_the_gradient_of_the_loss_equals_finite_differences() -> None:
    train = blobs(20, 4, 3, seed=0)
    features = train.features.astype(np.float64)
    flat = np.random.default_rng(0).normal(size=15)

    def loss(at: np.ndarray) -> float:
        return penalised_loss(at, features, train.targets, 3, 0.3)[0]

    gradient = penalised_loss(flat, features, train.targets, 3, 0.3)[1]
    steps = 1e-6 * np.eye(15)
    differences = [(loss(flat + step) - loss(flat - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(gradient, differences, atol=1e-8)


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
