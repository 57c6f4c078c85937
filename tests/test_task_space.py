"""The map and the tree of a zoo against their definitions."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workflow_scripts.common.checkpoint_card import CheckpointCard, write_card
from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.covariance_input import NamedMatrix
from workflow_scripts.report import tabulate
from workflow_scripts.report.figures.task_space import draw_task_space
from workflow_scripts.report.tables.task_space import (
    SPACE_COLUMNS,
    branches,
    groups,
    leaf_order,
    space_table,
    stress,
    task_map,
    upright,
    ward_tree,
)

NAMES = ["ant", "bee", "cat", "dog"]


def kappa_of(count: int, seed: int = 0) -> NDArray[np.float64]:
    features = np.random.default_rng(seed).normal(size=(count, 3 * count)) + 0.5
    product = features @ features.T
    scale = np.sqrt(np.diag(product))
    values: NDArray[np.float64] = product / np.outer(scale, scale)
    np.fill_diagonal(values, 1)
    return values


def distances(places: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.linalg.norm(places[:, None] - places[None], axis=2)


def test_what_fits_a_plane_is_mapped_without_stress() -> None:
    points = np.random.default_rng(0).uniform(size=(9, 2)) * 0.4
    found = task_map(1 - distances(points))
    assert found.stress < 1e-4
    np.testing.assert_allclose(distances(found.places), distances(points), atol=1e-4)


def test_a_map_is_as_good_as_any_that_is_tried() -> None:
    """No small change of it has less raw stress, which is what is made least."""
    given_distances = 1 - kappa_of(8)
    found = task_map(kappa_of(8)).places
    least = ((distances(found) - given_distances) ** 2).sum()
    generator = np.random.default_rng(1)
    for _ in range(200):
        other = found + generator.normal(size=found.shape) * 0.01
        assert ((distances(other) - given_distances) ** 2).sum() > least - 1e-6


@settings(deadline=None, max_examples=40)
@given(count=st.integers(1, 12), seed=st.integers(0, 99))
def test_a_map_is_centred_level_and_the_same_every_time(count: int, seed: int) -> None:
    kappa = kappa_of(count, seed)
    first, again = task_map(kappa), task_map(kappa)
    np.testing.assert_array_equal(first.places, again.places)
    assert first.places.shape == (count, 2)
    np.testing.assert_allclose(first.places.mean(axis=0), 0, atol=1e-9)
    if count > 2:
        assert first.stress == pytest.approx(stress(first.places, 1 - kappa))
        mirrored = first.places @ np.array([[0, -1], [1, 0]])
        np.testing.assert_allclose(upright(mirrored), first.places, atol=1e-9)


def test_a_map_of_copies_is_one_point() -> None:
    found = task_map(np.ones((4, 4)))
    np.testing.assert_allclose(found.places, 0, atol=1e-9)
    assert found.stress == 0
    assert stress(np.array([[0.0, 0], [3, 4]]), np.array([[0.0, 4], [4, 0]])) == pytest.approx(0.2)


def test_groups_are_below_the_papers_distance_and_numbered_along_the_leaves() -> None:
    kappa = np.full((6, 6), 0.05)
    for block in (slice(0, 2), slice(2, 6)):
        kappa[block, block] = 0.8
    np.fill_diagonal(kappa, 1)
    order = [4, 0, 2, 5, 1, 3]
    mixed = kappa[np.ix_(order, order)]
    tree = ward_tree(mixed)
    found = groups(tree)
    assert len(set(found)) == 2
    assert len({found[i] for i in range(6) if order[i] < 2}) == 1
    assert found[leaf_order(tree)].tolist() == sorted(found)


@pytest.mark.parametrize("most", [2, 5, 12, 40])
def test_the_upper_part_of_a_tree_has_all_checkpoints_below_its_leaves(most: int) -> None:
    tree = ward_tree(kappa_of(12))
    found = branches(tree, most)
    assert len(found.leaves) == min(most, 12)
    assert [one for leaf in found.leaves for one in leaf] == leaf_order(tree).tolist()
    assert found.heights.shape == found.places.shape == (len(found.leaves) - 1, 4)
    assert found.heights.max() == pytest.approx(tree[-1, 2])
    assert found.places.min() >= 0.5 and found.places.max() <= len(found.leaves) - 0.5


def write_inputs(folder: Path, models: list[str] | None) -> list[str]:
    write_covariance(folder / "probe.npz", Covariance(NAMES, kappa_of(4), 99, "biased"))
    rows = [("mmi", 0, "", 1, 1, "cat"), ("mmi", 0, "", 2, 1, "cat"), ("mmi", 0, "", 2, 2, "ant")]
    rows.append(("mmi", 1, "", 2, 1, "dog"))
    columns = ["method", "draw", "task", "k", "rank", "checkpoint"]
    selection = pd.DataFrame(rows, columns=columns).assign(objective=1.0, bound=1.0, gap=0.0)
    selection.to_csv(folder / "mmi.csv", index=False)
    flags = ["--covariance", str(folder / "probe.npz"), "--selections", str(folder / "mmi.csv")]
    flags += ["--tables", str(folder / "space.csv")]
    for name, model in zip(NAMES, models or [], strict=False):
        card = CheckpointCard(name, "here", "4f2", model, None, {})
        write_card(folder / f"{name}.json", card)
    return [*flags, "--cards", *(f"{folder}/{name}.json" for name in NAMES)] if models else flags


def test_the_table_has_places_families_and_the_picks_of_the_largest_set(tmp_path: Path) -> None:
    flags = write_inputs(tmp_path, ["wide", "deep", "wide", "deep"])
    tabulate.main([*flags, "--recommend", "mmi"])
    table = pd.read_csv(tmp_path / "space.csv")
    assert list(table.columns) == SPACE_COLUMNS
    assert table["checkpoint"].tolist() == NAMES
    assert table["family"].tolist() == ["wide", "deep", "wide", "deep"]
    assert table["pick"].fillna(0).tolist() == [2, 0, 1, 0]
    assert sorted(table["leaf"]) == [0, 1, 2, 3]
    np.testing.assert_allclose(table[["x", "y"]], task_map(kappa_of(4)).places, atol=1e-8)


@pytest.mark.parametrize("models", [None, ["same"] * 4])
def test_where_there_are_no_kinds_the_groups_of_the_tree_take_their_place(
    tmp_path: Path, models: list[str] | None
) -> None:
    tabulate.main(write_inputs(tmp_path, models))
    table = pd.read_csv(tmp_path / "space.csv")
    expected = [f"group {number}" for number in groups(ward_tree(kappa_of(4)))]
    assert table["family"].tolist() == expected
    assert table["pick"].isna().all()


def test_a_figure_of_very_many_checkpoints_has_no_names_beside_the_heat_map(tmp_path: Path) -> None:
    count = 160
    names = [f"c{number:03d}" for number in range(count)]
    kappa = kappa_of(count)
    table = space_table(NamedMatrix(names, kappa), None, names[:1])
    draw_task_space(Covariance(names, kappa, 9, "biased"), table, tmp_path / "f.svg")
    text = (tmp_path / "f.svg").read_text(encoding="utf-8")
    assert "1 c000" in text
    assert "c159" not in text
