"""Many heads at a time by mini-batches: SGD and Adam.

Batches are shared: every head sees the same units in the same order, as it would alone. Weights
start at zero: the problem is convex, and so selections differ by their features, not by luck. The
weights of all heads that read a block of columns are one matrix, so that a step costs two matrix
products for each block. The gradient of the loss of a linear layer is written out.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.common.sgd_step import sgd_step
from workflow_scripts.evaluation.design_matrix import DesignMatrices, Rows
from workflow_scripts.evaluation.learning_problem import Examples
from workflow_scripts.evaluation.linear_heads import DevChoice, LinearHead
from workflow_scripts.evaluation.settings import AdamSettings, SgdSettings


def fit_by_minibatches(
    settings: AdamSettings | SgdSettings,
    design: DesignMatrices,
    train: Examples,
    classes: int,
    choice: DevChoice,
    seed: int,
    device: str = "cpu",
) -> list[LinearHead | None]:
    """Each head as it was after the epoch that dev chose; none for one that diverged.

    A step sees some sequences whole, in an order that is drawn anew for every epoch. Values are
    standardised while they are learned. A head that has not gained on dev for ``patience`` epochs
    stops.

    Args:
        classes: outputs of each head; 1 if the targets are values.
        choice: decides on dev.
        seed: of the order of the sequences.
    """
    mean, scale = 0.0, 1.0
    targets = torch.from_numpy(train.targets).to(device)
    if not train.are_classes:
        mean, scale = float(train.targets.mean()), float(train.targets.std()) or 1.0
        targets = ((targets - mean) / scale).float()
    best: list[LinearHead | None] = [None] * design.count
    running = np.arange(design.count)
    waited = np.zeros(design.count, np.int64)
    state = _State.zeros(design, classes, device)
    for epoch in range(settings.epochs):
        rate = settings.rate(epoch)
        batches = _batches(train.sequences, settings.batch_size, seed, epoch)
        for batch, columns in _prefetched(state.design, train.start, batches, device):
            gradients = state.gradients(columns, targets[batch.to(device)], train.are_classes)
            state.descend(settings, gradients, rate)

        def outputs(rows: slice, state: _State = state) -> NDArray[np.float32]:
            values = state.outputs(_columns(state.design, rows, device)).cpu().numpy()
            return values * np.float32(scale) + np.float32(mean)

        gained = choice.offer(running, outputs, [epoch + 1] * len(running))
        for place in np.flatnonzero(gained).tolist():
            best[running[place]] = state.head(place, scale, mean)
        waited[running] = np.where(gained, 0, waited[running] + 1)
        going = waited[running] < (settings.patience or np.inf)
        if not going.any():
            break
        if not going.all():
            running, state = running[going], state.only(np.flatnonzero(going))
    return best


class _State:
    """Heads in training.

    Attributes:
        design: what they read.
        parameters: weights [s, classes, d] for each block, then biases [S, classes, 1].
        moments: as many tensors of each of these shapes as the optimizer keeps.
        steps: taken so far.
    """

    def __init__(
        self,
        design: DesignMatrices,
        parameters: list[Tensor],
        moments: list[list[Tensor]],
        steps: int,
    ) -> None:
        self.design = design
        self.parameters = parameters
        self.moments = moments
        self.steps = steps
        self._heads = [
            torch.from_numpy(block.heads).to(parameters[0].device) for block in design.blocks
        ]

    @classmethod
    def zeros(cls, design: DesignMatrices, classes: int, device: str) -> "_State":
        """Before training."""
        shapes = [(len(block.heads), classes, block.width) for block in design.blocks]
        shapes.append((design.count, classes, 1))
        tensors = [[torch.zeros(shape, device=device) for shape in shapes] for _ in range(3)]
        return cls(design, tensors[0], tensors[1:], 0)

    def only(self, heads: NDArray[np.int64]) -> "_State":
        """The same for some of the heads."""
        places = [np.flatnonzero(np.isin(block.heads, heads)) for block in self.design.blocks]
        kept = [(number, where) for number, where in enumerate(places) if len(where)]
        kept.append((len(places), heads))

        def chosen(tensors: list[Tensor]) -> list[Tensor]:
            return [tensors[number][torch.from_numpy(where)] for number, where in kept]

        return _State(
            self.design.only(heads),
            chosen(self.parameters),
            [chosen(moments) for moments in self.moments],
            self.steps,
        )

    def outputs(self, columns: Sequence[Tensor]) -> Tensor:
        """[S, classes, n] for columns [n, d] of each block."""
        *weights, bias = self.parameters
        outputs = bias.expand(-1, -1, len(columns[0])).clone()
        for heads, table, values in zip(self._heads, weights, columns, strict=True):
            products = table.flatten(0, 1) @ values.T
            outputs.index_add_(0, heads, products.view(len(heads), *outputs.shape[1:]))
        return outputs

    def gradients(
        self, columns: Sequence[Tensor], targets: Tensor, are_classes: bool
    ) -> list[Tensor]:
        """Of the mean cross-entropy or the mean squared error, for each parameter."""
        outputs = self.outputs(columns)
        count = len(targets)
        if are_classes:
            errors = torch.softmax(outputs, dim=1)
            errors[:, targets, torch.arange(count, device=targets.device)] -= 1
            errors /= count
        else:
            errors = (outputs - targets) * (2 / count)
        found = [
            (errors[heads].flatten(0, 1) @ values).view_as(table)
            for heads, values, table in zip(self._heads, columns, self.parameters, strict=False)
        ]
        return [*found, errors.sum(dim=2, keepdim=True)]

    def descend(
        self, settings: AdamSettings | SgdSettings, gradients: list[Tensor], rate: float
    ) -> None:
        """A step of SGD, or of Adam as torch.optim has it; written out as ``sgd_step`` is."""
        self.steps += 1
        if isinstance(settings, SgdSettings):
            momentum, weight_decay = settings.momentum, settings.weight_decay
            sgd_step(self.parameters, gradients, self.moments[0], rate, momentum, weight_decay)
            return
        first, second = _ADAM_DECAYS
        correction = 1 - first**self.steps
        spread = (1 - second**self.steps) ** 0.5
        for one, gradient, mean, square in zip(
            self.parameters, gradients, *self.moments, strict=True
        ):
            mean.lerp_(gradient, 1 - first)
            square.mul_(second).addcmul_(gradient, gradient, value=1 - second)
            denominator = square.sqrt().div_(spread).add_(_ADAM_EPSILON)
            one.addcdiv_(mean, denominator, value=-rate / correction)

    def head(self, place: int, scale: float, mean: float) -> LinearHead:
        """One of the heads, on targets as they were."""
        parts = [
            scale * table[int(np.searchsorted(block.heads, place))].cpu().numpy()
            for block, table in zip(self.design.blocks, self.parameters, strict=False)
            if place in block.heads
        ]
        return LinearHead(parts, scale * self.parameters[-1][place, :, 0].cpu().numpy() + mean)


# Kingma and Ba (2015), and torch.optim.Adam.
_ADAM_DECAYS = (0.9, 0.999)
_ADAM_EPSILON = 1e-8


def rows_of_sequences(sequences: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """The rows of each sequence; the units of one stand together."""
    borders = np.flatnonzero(np.diff(sequences)) + 1
    return np.split(np.arange(len(sequences)), borders)


def _batches(
    sequences: NDArray[np.int64], size: int, seed: int, epoch: int
) -> list[NDArray[np.int64]]:
    """The examples of each step of an epoch."""
    whole = rows_of_sequences(sequences)
    generator = torch.Generator().manual_seed(seeded_integer(seed, "epoch", epoch))
    order = torch.randperm(len(whole), generator=generator).tolist()
    return [
        np.concatenate([whole[number] for number in order[start : start + size]])
        for start in range(0, len(order), size)
    ]


def _prefetched(
    design: DesignMatrices, first: int, batches: Sequence[NDArray[np.int64]], device: str
) -> Iterator[tuple[Tensor, list[Tensor]]]:
    """Each batch with its columns, which are read while the batch before is used.

    Args:
        first: the row of the features of the first example.
    """
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(_columns, design, first + batches[0], device)
        for number, batch in enumerate(batches):
            columns = waiting.result()
            if number + 1 < len(batches):
                waiting = pool.submit(_columns, design, first + batches[number + 1], device)
            yield torch.from_numpy(batch), columns


def _columns(design: DesignMatrices, rows: Rows, device: str) -> list[Tensor]:
    """The columns of each block, on the device."""
    found = [torch.from_numpy(block.read(rows)) for block in design.blocks]
    if device == "cpu":
        return found
    return [one.pin_memory().to(device, non_blocking=True) for one in found]
