"""Stage 1: who gets which classes and images, and what the corpora and tasks then hold."""

import hashlib
import io
import pickle
import socket
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import combinations, pairwise
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.datasets import load_digits as bundled_digits

from workflow_scripts.common.script import UserError
from workflow_scripts.common.seeded_order import seeded_integer, seeded_order
from workflow_scripts.common.task_file import read_task
from workflow_scripts.common.units_file import read_units
from workflow_scripts.images import draw_task
from workflow_scripts.images.image_units import ImageUnits, read_image_units, write_image_units
from workflow_scripts.kinds.agents import draw_images, fetch_cifar100
from workflow_scripts.kinds.agents.settings import Cifar100Source, DigitsSource, TaskSettings
from workflow_scripts.kinds.agents.sources import load_cifar100, load_digits
from workflow_scripts.kinds.agents.splits import (
    ClassSet,
    ClassSets,
    ImageShares,
    draw_class_sets,
    share_out_classes,
    share_out_images,
)

quick = settings(deadline=None, max_examples=50)

# The order by hash.


def slow_order(items: list[int], text: str) -> list[int]:
    """The items sorted by the sha256 of a text in which ``{}`` stands for the item."""
    digests = {
        hashlib.sha256(text.replace("{}", str(item)).encode()).hexdigest(): item for item in items
    }
    return [digests[digest] for digest in sorted(digests)]


def test_the_order_is_the_same_on_every_machine() -> None:
    items = list(range(10))
    assert seeded_order(items, 0, "agents", 3) == slow_order(items, "(0, 'agents', 3, {})")
    assert seeded_order(items, 0, "agents", 3) == [2, 8, 6, 9, 0, 5, 3, 4, 1, 7]
    assert seeded_order(["a", "b", "c", "d"], 7) == ["b", "c", "a", "d"]
    digest = hashlib.sha256(b"(1, 'weights')").hexdigest()
    assert seeded_integer(1, "weights") == int(digest[:16], 16) // 2 == 4604609368897332189


@given(st.sets(st.integers(0, 10**6), min_size=1), st.integers(0, 5), st.integers(0, 10**6))
@quick
def test_adding_an_item_leaves_the_order_of_the_others(
    items: set[int], seed: int, another: int
) -> None:
    order = seeded_order(items, seed)
    assert sorted(order) == sorted(items)
    assert order == seeded_order(sorted(items), seed)
    assert [item for item in seeded_order(items | {another}, seed) if item in items] == [
        item for item in order if item in items
    ]


@given(st.integers(), st.text())
@quick
def test_a_seeded_integer_suits_a_generator(seed: int, purpose: str) -> None:
    number = seeded_integer(seed, purpose)
    assert 0 <= number < 2**63
    assert number != seeded_integer(seed, purpose, 0)


# Class sets.


@st.composite
def class_draws(
    draw: st.DrawFn,
) -> tuple[list[int], int, int, frozenset[ClassSet]]:
    """A pool, a size, a count that is to be had, and sets that are taken."""
    pool = draw(st.lists(st.integers(0, 30), min_size=1, max_size=8, unique=True))
    size = draw(st.integers(1, len(pool)))
    every = list(combinations(sorted(pool), size))
    some = frozenset(draw(st.lists(st.sampled_from(every), unique=True)))
    taken = draw(st.sampled_from([some, frozenset(every) - some]))
    count = draw(st.integers(0, len(every) - len(taken)))
    return pool, size, count, taken


@given(class_draws(), st.integers(0, 3))
@quick
def test_class_sets_are_distinct_sorted_and_none_is_taken(
    case: tuple[list[int], int, int, frozenset[ClassSet]], seed: int
) -> None:
    pool, size, count, taken = case
    drawn = draw_class_sets(pool, size, count, (seed, "x"), taken)
    assert len(drawn) == len(set(drawn)) == count
    assert not taken.intersection(drawn)
    for classes in drawn:
        assert len(classes) == size
        assert set(classes) <= set(pool)
        assert list(classes) == sorted(set(classes))


@given(class_draws(), st.integers(0, 3), st.data())
@settings(deadline=None, max_examples=200)
def test_the_first_class_sets_do_not_depend_on_how_many_are_drawn(
    case: tuple[list[int], int, int, frozenset[ClassSet]], seed: int, data: st.DataObject
) -> None:
    pool, size, count, taken = case
    fewer = data.draw(st.integers(0, count))
    more = draw_class_sets(pool, size, count, (seed, "x"), taken)
    assert draw_class_sets(pool, size, fewer, (seed, "x"), taken) == more[:fewer]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("free", [2, 5, 20])
def test_the_first_class_sets_do_not_depend_on_how_many_are_drawn_when_few_are_free(
    free: int, seed: int
) -> None:
    """Then drawing at random seldom meets a set that is free."""
    every = sorted(combinations(range(10), 5))
    taken = frozenset(seeded_order_of_sets(every)[free:])
    most = draw_class_sets(range(10), 5, free, (seed, "agents"), taken)
    assert {*most, *taken} == set(every)
    assert not taken.intersection(most)
    for count in range(free):
        assert draw_class_sets(range(10), 5, count, (seed, "agents"), taken) == most[:count]


def seeded_order_of_sets(sets: list[ClassSet]) -> list[ClassSet]:
    """Class sets in some random order."""
    return [sets[number] for number in seeded_order(range(len(sets)), "order of sets")]


@pytest.mark.parametrize(("pool", "size"), [(5, 1), (6, 3), (8, 4), (10, 5), (4, 4), (12, 11)])
def test_every_possible_class_set_can_be_drawn(pool: int, size: int) -> None:
    drawn = draw_class_sets(range(pool), size, comb(pool, size), (0,))
    assert sorted(drawn) == sorted(combinations(range(pool), size))


def test_taken_sets_of_another_size_or_pool_take_nothing_away() -> None:
    taken = frozenset([(0, 1), (0, 1, 2, 3), (0, 1, 9)])
    drawn = draw_class_sets(range(4), 3, 4, (0,), taken)
    assert sorted(drawn) == sorted(combinations(range(4), 3))


def test_too_many_class_sets_are_refused_with_the_numbers() -> None:
    with pytest.raises(ValueError, match="7 sets of 2 wanted, 6 to be had"):
        draw_class_sets(range(4), 2, 7, (0,))
    with pytest.raises(ValueError, match="6 sets of 2 wanted, 5 to be had"):
        draw_class_sets(range(4), 2, 6, (0,), frozenset([(1, 3)]))


def test_class_sets_are_spread_over_the_classes() -> None:
    drawn = draw_class_sets(range(10), 4, 150, (0, "x"))
    counts = np.bincount(np.concatenate(drawn), minlength=10)
    assert counts.sum() == 600
    assert counts.min() > 40


def shared(**changes: Any) -> ClassSets:
    """The class sets of a zoo of digits."""
    numbers = {
        "class_count": 10,
        "agent_count": 20,
        "agent_classes": 4,
        "task_count": 6,
        "task_classes": 4,
        "agent_pool": None,
        "seed": 0,
    }
    return share_out_classes(**numbers | changes)


@pytest.mark.parametrize("seed", range(5))
def test_no_agent_and_no_task_have_the_same_classes(seed: int) -> None:
    sets = shared(agent_count=150, task_count=60, seed=seed)
    assert len({*sets.agents, *sets.tasks}) == 210 == comb(10, 4)


def test_adding_an_agent_leaves_the_others_as_they_were() -> None:
    fewer, more = shared(agent_count=20), shared(agent_count=21)
    assert more.agents[:20] == fewer.agents
    assert more.tasks == fewer.tasks


def test_adding_a_task_leaves_the_agents_and_the_other_tasks_as_they_were() -> None:
    fewer, more = shared(task_classes=5, task_count=6), shared(task_classes=5, task_count=7)
    assert more.tasks[:6] == fewer.tasks
    assert more.agents == fewer.agents


def test_a_task_that_takes_the_classes_of_an_agent_moves_hardly_any_other_agent() -> None:
    """The agent gets other classes, perhaps those of a later one; the rest need no new training."""
    moved = []
    for seed in range(3):
        agents = [
            shared(task_classes=5, agent_classes=5, task_count=count, seed=seed).agents
            for count in range(30)
        ]
        moved += [
            sum(one != other for one, other in zip(before, after, strict=True))
            for before, after in pairwise(agents)
        ]
    assert max(moved) > 0
    assert max(moved) <= 3


def test_another_seed_gives_other_classes() -> None:
    assert shared(seed=0).agents != shared(seed=1).agents
    assert shared(seed=0).tasks != shared(seed=1).tasks


@given(st.integers(4, 95), st.integers(0, 3))
@quick
def test_with_a_pool_agents_and_tasks_draw_from_different_classes(pool: int, seed: int) -> None:
    sets = shared(class_count=100, agent_pool=pool, seed=seed, agent_count=1, task_count=1)
    assert not set(sets.agents[0]) & set(sets.tasks[0])
    assume(pool >= 10)
    sets = shared(class_count=100, agent_pool=pool, seed=seed, agent_count=60, task_count=1)
    of_agents = {number for classes in sets.agents for number in classes}
    assert len(of_agents) <= pool
    assert not of_agents & set(sets.tasks[0])


def test_a_pool_is_used_up() -> None:
    sets = shared(agent_pool=5, agent_count=5, task_count=5)
    of_agents = {number for classes in sets.agents for number in classes}
    of_tasks = {number for classes in sets.tasks for number in classes}
    assert (len(of_agents), len(of_tasks)) == (5, 5)
    assert of_agents | of_tasks == set(range(10))
    assert of_agents != set(range(5))


# Images.


def share_out(
    class_index: NDArray[np.int64], is_test: NDArray[np.bool_], **changes: Any
) -> ImageShares:
    """The images shared out with some numbers."""
    numbers: dict[str, Any] = {
        "probe_per_class": 3,
        "task_train_per_class": 4,
        "task_dev_per_class": 2,
        "task_test_per_class": None,
        "agent_dev_fraction": 0.2,
        "seed": 0,
    }
    return share_out_images(class_index, is_test, **numbers | changes)


@st.composite
def sources(draw: st.DrawFn) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Classes and sides of made-up images; each class has at least 15 for training and 3 tests."""
    sizes = draw(
        st.lists(st.tuples(st.integers(15, 30), st.integers(3, 9)), min_size=1, max_size=4)
    )
    class_index = np.repeat(np.arange(len(sizes)), [sum(pair) for pair in sizes])
    is_test = np.concatenate([np.repeat([False, True], pair) for pair in sizes])
    order = np.array(draw(st.permutations(range(len(class_index)))))
    return class_index[order], is_test[order]


Source = tuple[NDArray[np.int64], NDArray[np.bool_]]


@given(
    sources(),
    st.integers(0, 4),
    st.integers(0, 5),
    st.integers(0, 4),
    st.none() | st.integers(0, 3),
    st.floats(0.01, 0.99),
)
@quick
def test_images_are_shared_out_disjointly_and_in_the_numbers_asked_for(
    source: Source, probe: int, train: int, dev: int, test: int | None, fraction: float
) -> None:
    class_index, is_test = source
    shares = share_out(
        class_index,
        is_test,
        probe_per_class=probe,
        task_train_per_class=train,
        task_dev_per_class=dev,
        task_test_per_class=test,
        agent_dev_fraction=fraction,
    )
    everything = [number for part in vars(shares).values() for number in part]
    assert len(everything) == len(set(everything))
    assert is_test[shares.task_test].all()
    for name, part in vars(shares).items():
        if name != "task_test":
            assert not is_test[part].any()
    for number in np.unique(class_index):
        training = int((class_index == number).sum() - (class_index[is_test] == number).sum())
        tests = int((class_index[is_test] == number).sum())
        count = {
            name: int((class_index[np.array(part, int)] == number).sum())
            for name, part in vars(shares).items()
        }
        assert count["probe"] == probe
        assert (count["task_train"], count["task_dev"]) == (train, dev)
        assert count["task_test"] == (tests if test is None else test)
        left = training - probe - train - dev
        assert count["agent_train"] + count["agent_dev"] == left
        assert min(count["agent_train"], count["agent_dev"]) >= 1
        assert abs(count["agent_dev"] - fraction * left) <= 1


@given(sources(), st.integers(0, 3), st.integers(0, 3))
@quick
def test_the_probe_size_moves_no_image_of_the_tasks(source: Source, few: int, many: int) -> None:
    one = share_out(*source, probe_per_class=few)
    two = share_out(*source, probe_per_class=many)
    for part in ("task_train", "task_dev", "task_test"):
        assert getattr(one, part) == getattr(two, part) != []
    shorter, longer = sorted([set(one.probe), set(two.probe)], key=len)
    assert shorter <= longer


@given(sources(), st.tuples(st.integers(0, 4), st.integers(0, 4)))
@quick
def test_the_task_sizes_move_no_image_of_the_probe(source: Source, sizes: tuple[int, int]) -> None:
    train, dev = sizes
    one = share_out(*source)
    two = share_out(
        *source, task_train_per_class=train, task_dev_per_class=dev, task_test_per_class=1
    )
    assert one.probe == two.probe != []
    assert set(two.task_test) <= set(one.task_test)


def test_a_new_class_changes_nothing_of_the_others() -> None:
    class_index, is_test = np.repeat([0, 1], 30), np.tile(np.arange(30) >= 20, 2)
    one = share_out(class_index, is_test)
    two = share_out(np.append(class_index, [2] * 30), np.append(is_test, np.arange(30) >= 20))
    for name, part in vars(one).items():
        assert [number for number in getattr(two, name) if number < 60] == part


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"probe_per_class": 9}, "9 for the probe, 6 and 0 for the tasks"),
        ({"probe_per_class": 3, "task_train_per_class": 10}, "3 for the probe, 12 and 0 for"),
        ({"task_train_per_class": 16, "task_dev_per_class": 2}, "3 for the probe, 18 and 0 for"),
        ({"probe_per_class": 0, "task_train_per_class": 25}, "0 for the probe, 27 and 0 for"),
        ({"probe_per_class": 100}, "100 for the probe, 6 and 0 for the tasks"),
        ({"task_test_per_class": 5}, "3 for the probe, 6 and 5 for the tasks"),
    ],
)
def test_a_class_with_too_few_images_is_refused_with_the_numbers(
    changes: dict[str, int], told: str
) -> None:
    class_index = np.repeat([0, 1], [40, 20])
    is_test = np.concatenate([np.arange(40) >= 30, np.arange(20) >= 16])
    numbers = "class (0 has 30 training and 10|1 has 16 training and 4) test images"
    with pytest.raises(ValueError, match=numbers) as refusal:
        share_out(class_index, is_test, **changes)
    assert told in str(refusal.value)


def test_the_last_two_images_of_a_class_go_to_the_agents() -> None:
    class_index, is_test = np.zeros(11, np.int64), np.zeros(11, bool)
    shares = share_out(class_index, is_test, agent_dev_fraction=0.99)
    assert (len(shares.agent_train), len(shares.agent_dev)) == (1, 1)
    with pytest.raises(ValueError, match="at least 2 for the agents"):
        share_out(class_index[1:], is_test[1:])


# The digits.


@pytest.mark.parametrize("fraction", [0.001, 0.01, 0.1, 0.25, 1 / 3, 0.5, 0.9])
def test_the_settings_know_how_many_digits_there_are(fraction: float) -> None:
    facts, source = DigitsSource(test_fraction=fraction), load_digits(fraction, seed=0)
    sizes = np.bincount(source.class_index)
    tests = np.bincount(source.class_index[source.is_test], minlength=10)
    assert facts.class_count == len(sizes) == len(source.labels)
    assert facts.smallest_class == sizes.min()
    assert facts.test_per_class == tests.min()
    assert facts.train_per_class == (sizes - tests).min()


def test_cifar100_has_the_size_that_the_settings_say() -> None:
    """Known from its home page; the archive cannot be fetched in a test."""
    facts = Cifar100Source()
    assert (facts.class_count, facts.train_per_class, facts.test_per_class) == (100, 500, 100)


def test_the_digits_are_those_of_scikit_learn() -> None:
    source, bunch = load_digits(0.25, seed=0), bundled_digits()
    assert source.images.shape == (1797, 8, 8, 1)
    assert source.images.dtype == np.uint8
    assert source.images.max() == 255
    assert np.abs(source.images[..., 0] / 255 - bunch.images / 16).max() <= 0.5 / 255 + 1e-12
    assert (source.class_index == bunch.target).all()
    assert source.labels == [str(number) for number in range(10)]


def test_the_test_side_of_the_digits_depends_on_the_seed_alone() -> None:
    one, again, other = load_digits(0.25, 0), load_digits(0.25, 0), load_digits(0.25, 1)
    assert (one.is_test == again.is_test).all()
    assert (one.is_test != other.is_test).any()
    assert one.is_test.sum() == pytest.approx(0.25 * 1797, abs=5)


def test_a_larger_test_side_holds_the_smaller_one() -> None:
    assert load_digits(0.4, 0).is_test[load_digits(0.2, 0).is_test].all()


@pytest.mark.parametrize(
    ("samples", "fraction", "dev"), [(10, 0.3, 3), (2, 0.01, 1), (2, 0.99, 1), (5, 0.99, 4)]
)
def test_labelled_images_are_for_training_and_dev(samples: int, fraction: float, dev: int) -> None:
    tasks = TaskSettings(count=1, classes=2, samples_per_class=samples, dev_fraction=fraction)
    assert tasks.dev_per_class == dev


# Corpora.

SIZES = ["--probe-per-class", "10"]
TASK_SIZES = ["--task-train-per-class", "7", "--task-dev-per-class", "3"]


def draw(folder: Path, corpus: str, *flags: str) -> tuple[NDArray[np.uint8], ImageUnits]:
    """A corpus and its units, through the script."""
    images, units = folder / f"{corpus}.npy", folder / f"{corpus}.units.parquet"
    draw_images.main(
        ["--corpus", corpus, *flags, "--output", str(images), "--units", str(units)],
    )
    array: NDArray[np.uint8] = np.load(images)
    return array, read_image_units(units)


@pytest.fixture(scope="module")
def corpora(
    tmp_path_factory: pytest.TempPathFactory,
) -> dict[str, tuple[NDArray[np.uint8], ImageUnits]]:
    """The three corpora of a zoo of digits."""
    folder = tmp_path_factory.mktemp("corpora")
    common = ["--source", "digits", *SIZES, *TASK_SIZES]
    return {
        "probe": draw(folder, "probe", *common, "--rotations", "-15.0", "7.5", "90"),
        "tasks": draw(folder, "tasks", *common),
        "agents": draw(folder, "agents", *common),
    }


Corpora = dict[str, tuple[NDArray[np.uint8], ImageUnits]]


@pytest.mark.parametrize("corpus", ["probe", "tasks", "agents"])
def test_a_corpus_shows_the_images_that_its_units_name(corpora: Corpora, corpus: str) -> None:
    images, units = corpora[corpus]
    source = load_digits(0.25, 0)
    assert images.dtype == np.uint8
    assert images.shape == (len(units.image), 8, 8, 1)
    plain = units.rotation == 0
    assert plain.any()
    assert (images[plain] == source.images[units.image[plain]]).all()
    assert (units.class_index == source.class_index[units.image]).all()
    assert units.label.tolist() == [str(number) for number in units.class_index]


def test_the_corpora_have_no_source_image_in_common(corpora: Corpora) -> None:
    probe, tasks, agents = (set(corpora[name][1].image) for name in ("probe", "tasks", "agents"))
    assert not (probe & tasks or probe & agents or tasks & agents)
    assert probe | tasks | agents == set(range(1797))


def test_a_corpus_has_the_splits_asked_for(corpora: Corpora) -> None:
    _, units = corpora["tasks"]
    for number in range(10):
        split = units.split[units.class_index == number].tolist()
        assert (split.count("train"), split.count("dev")) == (7, 3)
        assert split.count("test") == round(0.25 * (bundled_digits().target == number).sum())
    assert set(corpora["probe"][1].split) == {"probe"}
    _, units = corpora["agents"]
    assert set(units.split) == {"train", "dev"}
    assert (units.split == "dev").mean() == pytest.approx(0.2, abs=0.01)


def test_only_tasks_see_the_test_side(corpora: Corpora) -> None:
    is_test = load_digits(0.25, 0).is_test
    for name, (_, units) in corpora.items():
        expected = units.split == "test" if name == "tasks" else np.zeros(len(units.image), bool)
        assert (is_test[units.image] == expected).all()


def test_an_image_and_its_turned_copies_are_neighbours(corpora: Corpora) -> None:
    images, units = corpora["probe"]
    assert len(images) == 10 * 10 * 4
    groups = images.reshape(100, 4, 8, 8)
    assert (units.image.reshape(100, 4) == units.image.reshape(100, 4)[:, :1]).all()
    assert units.rotation.reshape(100, 4).tolist() == [[0, -15, 7.5, 90]] * 100
    assert (groups[:, 3] == np.rot90(groups[:, 0], axes=(1, 2))).all()
    for one, other in pairwise(range(4)):
        assert (groups[:, one] != groups[:, other]).any(axis=(1, 2)).all()


def test_an_image_and_its_turned_copies_are_a_group(tmp_path: Path) -> None:
    flags = ["--source", "digits", *SIZES, "--rotations", "90", "180"]
    _, shown = draw(tmp_path, "probe", *flags)
    units = read_units(tmp_path / "probe.units.parquet")
    same = shown.image[:, None] == shown.image
    assert ((units.group[:, None] == units.group) == same).all()
    # Numbered at random, and not as the images are in their classes.
    assert sorted(set(units.group.tolist())) == list(range(100))
    assert (np.diff(units.group[::3]) < 0).sum() > 20
    assert np.unique(units.group, return_counts=True)[1].tolist() == [3] * 100
    digest = hashlib.sha256((tmp_path / "probe.npy").read_bytes()).hexdigest()
    assert units.corpus_sha256 == digest
    assert (units.unit_name, units.group_name) == ("images", "source images")


def test_any_beginning_of_a_probe_shows_all_classes(tmp_path: Path, corpora: Corpora) -> None:
    """Else its covariance would not converge as groups are added, but change with each class."""
    path = tmp_path / "probe.units.parquet"
    write_image_units(path, corpora["probe"][1], "0" * 64, seed=0)
    order = np.argsort(read_units(path).group, kind="stable")
    beginning = corpora["probe"][1].class_index[order[:200]]
    assert np.bincount(beginning, minlength=10).min() >= 8


def test_corpora_are_the_same_bytes_every_time(tmp_path: Path, corpora: Corpora) -> None:
    flags = ["--source", "digits", *SIZES, *TASK_SIZES, "--rotations", "5"]
    digests = []
    for run in ("one", "two"):
        draw(tmp_path / run, "probe", *flags)
        files = sorted((tmp_path / run).iterdir())
        assert [path.name for path in files] == ["probe.npy", "probe.units.parquet"]
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert digests[0] == digests[1]


def test_the_seed_decides_which_images_a_corpus_has(tmp_path: Path) -> None:
    flags = ["--source", "digits", *SIZES]
    _, one = draw(tmp_path / "one", "probe", *flags, "--seed", "0")
    _, two = draw(tmp_path / "two", "probe", *flags, "--seed", "1")
    assert set(one.image) != set(two.image)


def test_the_number_of_test_images_can_be_limited(tmp_path: Path) -> None:
    flags = ["--source", "digits", *SIZES, *TASK_SIZES, "--task-test-per-class", "5"]
    _, units = draw(tmp_path, "tasks", *flags)
    test = units.class_index[units.split == "test"]
    assert np.bincount(test).tolist() == [5] * 10


def test_too_few_images_are_told_with_the_source(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^digits: class 0 has 13\d training and \d\d test images"):
        draw(tmp_path, "probe", "--source", "digits", "--probe-per-class", "140")
    assert not list(tmp_path.iterdir())


# Rotation.


@pytest.mark.parametrize("channels", [1, 3])
def test_a_quarter_turn_is_counter_clockwise(channels: int) -> None:
    image = np.arange(16 * channels, dtype=np.uint8).reshape(4, 4, channels)
    by_hand = np.empty_like(image)
    for row in range(4):
        for column in range(4):
            by_hand[3 - column, row] = image[row, column]
    assert (draw_images.rotated(image, 90) == by_hand).all()
    assert (draw_images.rotated(by_hand, -90) == image).all()
    assert (draw_images.rotated(image, 180) == image[::-1, ::-1]).all()
    assert (draw_images.rotated(image, 0) == image).all()


def test_channels_turn_alike_and_corners_become_black() -> None:
    grey = np.full((9, 9, 1), 200, np.uint8)
    turned = draw_images.rotated(np.concatenate([grey, grey // 2, grey], axis=-1), 45)
    assert turned.shape == (9, 9, 3)
    assert turned.dtype == np.uint8
    assert (turned[..., 0] == turned[..., 2]).all()
    assert (turned[[0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()
    assert turned[4, 4].tolist() == [200, 100, 200]


# Tasks.


@pytest.fixture
def units_file(tmp_path: Path, corpora: Corpora) -> Path:
    """The units of the tasks' corpus."""
    path = tmp_path / "tasks.units.parquet"
    write_image_units(path, corpora["tasks"][1], "0" * 64, seed=0)
    return path


def test_a_task_is_the_units_of_its_classes(tmp_path: Path, units_file: Path) -> None:
    units = read_image_units(units_file)
    path = tmp_path / "task.parquet"
    draw_task.main(["--units", str(units_file), "--classes", "7", "2", "5", "--output", str(path)])
    task = read_task(path)
    assert task.unit.tolist() == [
        row for row, number in enumerate(units.class_index) if number in (2, 5, 7)
    ]
    assert [task.labels[index] for index in task.target] == units.label[task.unit].tolist()
    assert sorted(task.labels) == ["2", "5", "7"]
    assert (task.split == units.split[task.unit]).all()
    assert (task.group == units.image[task.unit]).all()
    assert (task.corpus, task.metric, task.kind) == ("tasks", "accuracy", "classification")
    assert {name: int((task.split == name).sum()) for name in ("train", "dev")} == {
        "train": 21,
        "dev": 9,
    }


def test_a_task_is_the_same_bytes_every_time(tmp_path: Path, units_file: Path) -> None:
    for name in ("one", "two"):
        output = ["--output", str(tmp_path / f"{name}.parquet")]
        draw_task.main(["--units", str(units_file), "--classes", "1", "2", *output])
    assert (tmp_path / "one.parquet").read_bytes() == (tmp_path / "two.parquet").read_bytes()


def test_a_task_of_a_class_without_images_is_refused(tmp_path: Path, units_file: Path) -> None:
    output = tmp_path / "task.parquet"
    with pytest.raises(UserError, match=r"tasks\.units\.parquet: .* no image of class 11"):
        draw_task.main(
            ["--units", str(units_file), "--classes", "1", "11", "12", "--output", str(output)]
        )
    assert not output.exists()


# CIFAR-100.

TRAIN_PER_CLASS, TEST_PER_CLASS = 6, 2


def cifar_part(per_class: int, seed: int) -> dict[str, Any]:
    """A part of a made-up CIFAR-100, with the keys of the real one."""
    generator = np.random.default_rng(seed)
    fine = generator.permutation(np.repeat(np.arange(100), per_class))
    return {
        "filenames": [f"image_{number}.png" for number in range(len(fine))],
        "batch_label": "made up",
        "fine_labels": fine.tolist(),
        "coarse_labels": (fine // 5).tolist(),
        "data": generator.integers(0, 256, (len(fine), 3072), dtype=np.uint8),
    }


@pytest.fixture(scope="module")
def cifar_parts() -> dict[str, dict[str, Any]]:
    """What the archive holds."""
    return {
        "train": cifar_part(TRAIN_PER_CLASS, 1),
        "test": cifar_part(TEST_PER_CLASS, 2),
        "meta": {
            "fine_label_names": [f"thing {number:02d}" for number in range(100)],
            "coarse_label_names": [f"kind {number:02d}" for number in range(20)],
        },
    }


@pytest.fixture(scope="module")
def cifar_files(cifar_parts: dict[str, dict[str, Any]]) -> dict[str, bytes]:
    """The files of the archive."""
    return {name: pickle.dumps(part, protocol=2) for name, part in cifar_parts.items()}


@pytest.fixture(scope="module")
def cifar_server(
    tmp_path_factory: pytest.TempPathFactory, cifar_files: dict[str, bytes]
) -> Iterator[tuple[str, bytes]]:
    """The address of a server that has the archive, and the archive."""
    folder = tmp_path_factory.mktemp("server")
    path = folder / "cifar-100-python.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name, content in cifar_files.items():
            member = tarfile.TarInfo(f"cifar-100-python/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/{path.name}", path.read_bytes()
        server.shutdown()
        thread.join()


class QuietHandler(SimpleHTTPRequestHandler):
    """Does not write a line for each request."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


@pytest.fixture
def cifar(
    monkeypatch: pytest.MonkeyPatch,
    cifar_server: tuple[str, bytes],
    cifar_files: dict[str, bytes],
) -> Any:
    """torchvision's CIFAR100 with the address and the checksums of the made-up archive."""
    from torchvision.datasets import CIFAR100

    address, archive = cifar_server
    sums = {name: hashlib.md5(content).hexdigest() for name, content in cifar_files.items()}
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(CIFAR100, "url", address)
    monkeypatch.setattr(CIFAR100, "tgz_md5", hashlib.md5(archive).hexdigest())
    monkeypatch.setattr(CIFAR100, "train_list", [["train", sums["train"]]])
    monkeypatch.setattr(CIFAR100, "test_list", [["test", sums["test"]]])
    monkeypatch.setattr(CIFAR100, "meta", CIFAR100.meta | {"md5": sums["meta"]})
    return CIFAR100


@pytest.mark.usefixtures("cifar")
def test_cifar100_is_downloaded_and_unpacked(tmp_path: Path, cifar_files: dict[str, bytes]) -> None:
    folder = tmp_path / "not yet there"
    fetch_cifar100.main(["--folder", str(folder)])
    for name, content in cifar_files.items():
        assert (folder / "cifar-100-python" / name).read_bytes() == content


def test_what_is_there_already_is_not_downloaded_again(
    tmp_path: Path, cifar: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_cifar100.main(["--folder", str(tmp_path)])
    monkeypatch.setattr(cifar, "url", closed_port())
    fetch_cifar100.main(["--folder", str(tmp_path)])


def test_an_interrupted_download_is_mended(
    tmp_path: Path, cifar_server: tuple[str, bytes], cifar: Any
) -> None:
    (tmp_path / cifar.filename).write_bytes(cifar_server[1][:1000])
    fetch_cifar100.main(["--folder", str(tmp_path)])
    assert (tmp_path / cifar.filename).read_bytes() == cifar_server[1]


def closed_port() -> str:
    """An address at which nobody answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/cifar-100-python.tar.gz"


def test_a_server_that_is_down_is_told(
    tmp_path: Path, cifar: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar, "url", closed_port())
    with pytest.raises(UserError, match="could not be downloaded from http://127") as refusal:
        fetch_cifar100.main(["--folder", str(tmp_path)])
    assert "data: {source: cifar100, folder:" in str(refusal.value)


def test_a_missing_archive_is_told(
    tmp_path: Path, cifar: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cifar, "url", cifar.url.replace("cifar-100", "cifar-1000"))
    with pytest.raises(UserError, match=r"could not be downloaded .*404"):
        fetch_cifar100.main(["--folder", str(tmp_path)])


@pytest.mark.parametrize("wrong", ["tgz_md5", "train_list", "test_list", "meta"])
def test_a_wrong_checksum_is_told(
    tmp_path: Path, cifar: Any, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    nought = "0" * 32
    values: dict[str, Any] = {
        "tgz_md5": nought,
        "train_list": [["train", nought]],
        "test_list": [["test", nought]],
        "meta": cifar.meta | {"md5": nought},
    }
    monkeypatch.setattr(cifar, wrong, values[wrong])
    with pytest.raises(UserError, match="could not be downloaded"):
        fetch_cifar100.main(["--folder", str(tmp_path)])


@pytest.fixture
def cifar_folder(tmp_path: Path, cifar: Any, cifar_files: dict[str, bytes]) -> Path:
    """A user's own folder with CIFAR-100."""
    folder = tmp_path / "own"
    (folder / cifar.base_folder).mkdir(parents=True)
    for name, content in cifar_files.items():
        (folder / cifar.base_folder / name).write_bytes(content)
    return folder


def test_cifar100_has_its_training_images_first(
    cifar_folder: Path, cifar_parts: dict[str, dict[str, Any]]
) -> None:
    source = load_cifar100(cifar_folder)
    train, test = cifar_parts["train"], cifar_parts["test"]
    assert source.images.shape == (800, 32, 32, 3)
    assert source.images.dtype == np.uint8
    assert source.is_test.tolist() == [False] * 600 + [True] * 200
    assert source.class_index.tolist() == train["fine_labels"] + test["fine_labels"]
    assert source.labels == cifar_parts["meta"]["fine_label_names"]
    # A row of the archive is the red, then the green, then the blue plane, row by row.
    assert source.images[3, 1, 2].tolist() == [
        train["data"][3, 1024 * channel + 32 * 1 + 2] for channel in range(3)
    ]
    assert source.images[-1, 31, 31, 2] == test["data"][-1, -1]


def test_a_folder_without_cifar100_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no complete CIFAR-100 here") as refusal:
        load_cifar100(tmp_path)
    assert str(refusal.value).startswith(f"{tmp_path}: ")


def test_a_damaged_cifar100_is_told(cifar_folder: Path) -> None:
    with (cifar_folder / "cifar-100-python" / "test").open("ab") as file:
        file.write(b"!")
    with pytest.raises(UserError, match="of the published checksums"):
        load_cifar100(cifar_folder)


def test_a_corpus_is_drawn_from_cifar100(tmp_path: Path, cifar_folder: Path) -> None:
    flags = ["--source", "cifar100", "--folder", str(cifar_folder), "--probe-per-class", "2"]
    flags += ["--task-train-per-class", "1", "--task-dev-per-class", "1"]
    source = load_cifar100(cifar_folder)
    seen = {}
    for corpus, per_class in (("probe", 2), ("tasks", 2 + TEST_PER_CLASS), ("agents", 2)):
        images, units = draw(tmp_path, corpus, *flags)
        assert images.shape == (100 * per_class, 32, 32, 3)
        assert (images == source.images[units.image]).all()
        assert units.label.tolist() == [source.labels[number] for number in units.class_index]
        assert np.bincount(units.class_index).tolist() == [per_class] * 100
        seen[corpus] = units.image.tolist()
    assert sorted(seen["probe"] + seen["tasks"] + seen["agents"]) == list(range(800))


def test_a_turned_colour_image_keeps_its_colours(tmp_path: Path, cifar_folder: Path) -> None:
    flags = ["--source", "cifar100", "--folder", str(cifar_folder), "--probe-per-class", "1"]
    images, _ = draw(tmp_path, "probe", *flags, "--rotations", "90")
    assert (images[1::2] == np.rot90(images[::2], axes=(1, 2))).all()


def test_cifar100_without_a_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--folder"):
        draw(tmp_path, "probe", "--source", "cifar100", "--probe-per-class", "1")
