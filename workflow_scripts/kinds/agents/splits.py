"""Who gets which classes and which images, all from one seed."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.seeded_order import seeded_order

ClassSet = tuple[int, ...]


def draw_class_sets(
    pool: Sequence[int],
    size: int,
    count: int,
    key: tuple[object, ...],
    taken: frozenset[ClassSet] = frozenset(),
) -> list[ClassSet]:
    """Distinct class sets, none of which is in ``taken``.

    The first sets do not depend on ``count``, so adding an agent or a task changes no other.

    Args:
        pool: the classes to draw from.
        size: classes of a set.
        count: number of sets.
        key: what the sets are for, such as ``(seed, "agents")``.
        taken: sorted sets that must not be drawn.

    Returns:
        ``count`` sorted tuples.

    Raises:
        ValueError: if there are too few different sets.
    """
    members = frozenset(pool)
    excluded = {other for other in taken if len(other) == size and members.issuperset(other)}
    possible = comb(len(members), size)
    if count > possible - len(excluded):
        raise ValueError(f"{count} sets of {size} wanted, {possible - len(excluded)} to be had")
    drawn: list[ClassSet] = []
    for slot in range(count):
        candidates = (
            tuple(sorted(seeded_order(pool, *key, slot, attempt)[:size]))
            for attempt in range(_ATTEMPTS)
        )
        chosen = next((one for one in candidates if one not in excluded), None)
        if chosen is None:
            # Few sets are free: drawing at random would take for ever.
            names = {",".join(map(str, one)): one for one in combinations(sorted(members), size)}
            order = seeded_order(names, *key, "rest")
            chosen = next(names[name] for name in order if names[name] not in excluded)
        excluded.add(chosen)
        drawn.append(chosen)
    return drawn


_ATTEMPTS = 100


@dataclass(frozen=True)
class ClassSets:
    """The classes of every agent and of every task."""

    agents: list[ClassSet]
    tasks: list[ClassSet]


def share_out_classes(
    class_count: int,
    agent_count: int,
    agent_classes: int,
    task_count: int,
    task_classes: int,
    agent_pool: int | None,
    seed: int,
) -> ClassSets:
    """Class sets such that no two agents, no two tasks, and no agent and task have the same.

    Args:
        class_count: classes of the source.
        agent_pool: agents draw from this many classes and tasks from the others (the variant of
            Huang et al. 2021, section 5.2); ``None``: both draw from all.
    """
    classes = seeded_order(range(class_count), seed, "class pools")
    for_agents = classes if agent_pool is None else classes[:agent_pool]
    for_tasks = classes if agent_pool is None else classes[agent_pool:]
    tasks = draw_class_sets(for_tasks, task_classes, task_count, (seed, "tasks"))
    agents = draw_class_sets(
        for_agents, agent_classes, agent_count, (seed, "agents"), frozenset(tasks)
    )
    return ClassSets(agents, tasks)


@dataclass(frozen=True)
class ImageShares:
    """Which images of the source belong to whom: disjoint lists of image numbers."""

    probe: list[int]
    task_train: list[int]
    task_dev: list[int]
    task_test: list[int]
    agent_train: list[int]
    agent_dev: list[int]


def share_out_images(
    class_index: NDArray[np.int64],
    is_test: NDArray[np.bool_],
    probe_per_class: int,
    task_train_per_class: int,
    task_dev_per_class: int,
    task_test_per_class: int | None,
    agent_dev_fraction: float,
    seed: int,
) -> ImageShares:
    """Share out the images of every class.

    Of each class's training side, in an order determined by ``seed``, the first images are the
    probe's, the last ones the tasks' (training and dev), and those between the agents' (dev, then
    training): so a change of the probe's size moves no image of the tasks, and the other way
    round. The tasks' test images come from the test side, which serves nothing else.

    Args:
        class_index: [n], the class of each image.
        is_test: [n], true on the test side.
        task_test_per_class: at most so many test images of a class; ``None``: all.

    Raises:
        ValueError: if a class has too few images, with the numbers.
    """
    shares = ImageShares([], [], [], [], [], [])
    for number in np.unique(class_index).tolist():
        members = class_index == number
        train = seeded_order(np.flatnonzero(members & ~is_test).tolist(), seed, "images")
        test = seeded_order(np.flatnonzero(members & is_test).tolist(), seed, "images")
        labelled = task_train_per_class + task_dev_per_class
        agents = train[probe_per_class : len(train) - labelled]
        if len(train) - probe_per_class - labelled < 2 or len(test) < (task_test_per_class or 0):
            raise ValueError(
                f"class {number} has {len(train)} training and {len(test)} test images; "
                f"{probe_per_class} for the probe, {labelled} and {task_test_per_class or 0} for "
                "the tasks and at least 2 for the agents are wanted"
            )
        dev = min(max(1, round(agent_dev_fraction * len(agents))), len(agents) - 1)
        task_images = train[len(train) - labelled :]
        shares.probe.extend(train[:probe_per_class])
        shares.task_train.extend(task_images[:task_train_per_class])
        shares.task_dev.extend(task_images[task_train_per_class:])
        shares.task_test.extend(test[:task_test_per_class])
        shares.agent_dev.extend(agents[:dev])
        shares.agent_train.extend(agents[dev:])
    return shares
