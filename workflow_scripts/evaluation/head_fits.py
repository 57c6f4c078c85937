"""The fits of heads on one task: those that are known, and those that must be trained."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from tqdm import tqdm

from workflow_scripts.common.seeded_order import seeded_integer
from workflow_scripts.evaluation.head_inputs import Subset
from workflow_scripts.evaluation.kept_fits import KeptFits
from workflow_scripts.evaluation.settings import AdamSettings, LbfgsSettings, SgdSettings
from workflow_scripts.evaluation.task_problem import TaskFiles, make_problem
from workflow_scripts.evaluation.training import Fit, train_heads


@dataclass(frozen=True)
class Head:
    """A head that is wanted.

    Attributes:
        subset: the checkpoints that it reads, sorted.
        seed: of the order of the batches.
        project: dimensions that the features are projected to; 0: none are.
    """

    subset: Subset
    seed: int
    project: int = 0


def head_seeds(
    settings: AdamSettings | SgdSettings | LbfgsSettings, seed: int, task: str
) -> list[int]:
    """The seed of every head of a selection.

    Args:
        seed: of the zoo.
        task: its name.
    """
    count = 1 if isinstance(settings, LbfgsSettings) else settings.seeds
    more = [seeded_integer(seed, task, number) for number in range(1, count)]
    return [seeded_integer(seed, task), *more]


class HeadFits:
    """The fits of heads on one task.

    Args:
        files: the task, with features.
        settings: of the heads.
        kept: where fits are found and kept.
        memory_bytes: for features and heads.
        device: name of that for the solvers by mini-batches, or auto.
        code: a digest of the code that trains heads and scores them.
    """

    def __init__(
        self,
        files: TaskFiles,
        settings: AdamSettings | SgdSettings | LbfgsSettings,
        kept: KeptFits,
        memory_bytes: int,
        device: str,
        code: str,
    ) -> None:
        self._files = files
        self._settings = settings
        self._kept = kept
        self._memory_bytes = memory_bytes // 2
        self._device = device
        self._code = code

    def key(self, head: Head) -> str:
        """A hash of everything that decides the score of a head, and nothing else.

        Raises:
            UserError: if the features of a checkpoint were changed in place.
        """
        digests = [(name, self._files.features[name].digest) for name in head.subset]
        # Which other heads are wanted decides nothing.
        settings = self._settings.model_dump(exclude={"seeds", "project"})
        parts = [digests, self._files.decided, settings, head.seed, head.project, self._code]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]

    def of(self, heads: Sequence[Head]) -> tuple[dict[Head, Fit], int]:
        """The fits of heads, and how many had to be trained.

        Those of one seed and width are trained together, and kept as soon as they are done.

        Raises:
            ValueError: if the task cannot be learned, or training diverged.
        """
        keys = {head: self.key(head) for head in heads}
        missing = [head for head in keys if keys[head] not in self._kept]
        if missing:
            self._train(missing, keys)
        return {head: self._kept[key] for head, key in keys.items()}, len(missing)

    def _train(self, heads: Sequence[Head], keys: dict[Head, str]) -> None:
        needed = sorted({name for head in heads for name in head.subset})
        features = {name: self._files.features[name].features for name in needed}
        problem = make_problem(self._files.task, features, self._settings, self._memory_bytes)
        device = _device(self._settings, self._device)
        with tqdm(total=len(heads), unit="head", mininterval=5) as progress:
            for seed, width in dict.fromkeys((head.seed, head.project) for head in heads):
                trained = train_heads(
                    self._settings,
                    problem,
                    [head.subset for head in heads if (head.seed, head.project) == (seed, width)],
                    seed,
                    self._memory_bytes,
                    device,
                    width,
                )
                for group in trained:
                    self._kept.add(
                        {keys[Head(one, seed, width)]: fit for one, fit in group.items()}
                    )
                    progress.update(len(group))


def _device(settings: AdamSettings | SgdSettings | LbfgsSettings, name: str) -> str:
    """L-BFGS runs in numpy, so it need not import torch."""
    if isinstance(settings, LbfgsSettings):
        return "cpu"
    from workflow_scripts.common.device import choose_device

    return str(choose_device(name))
