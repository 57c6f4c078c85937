"""What is said of a covariance: against simulated chance, and made-up covariances."""

import math
from pathlib import Path

import numpy as np
import pytest
from test_convergence import NAMES, brought, run_import, some_kappa
from test_kernel_alignment import (
    direct_biased,
    random_features,
    run_estimate,
    sums_of,
    write_features,
)

from workflow_scripts.common.covariance_file import read_covariance
from workflow_scripts.covariance.convergence import Step, prefixes_of
from workflow_scripts.covariance.diagnostics import (
    chance_alignment,
    on_chance,
    on_convergence,
    on_duplicates,
)
from workflow_scripts.kinds.zoo import ZooSettings


def test_chance_is_the_mean_over_orders_of_the_units() -> None:
    x, y = random_features(25, [6, 40], seed=0)
    generator = np.random.default_rng(1)
    shuffled = [direct_biased(x, generator.permutation(y)) for _ in range(3_000)]
    chance = chance_alignment(sums_of([x, y]))
    assert chance[0, 1] == pytest.approx(np.mean(shuffled), abs=4 * np.std(shuffled) / 3_000**0.5)


def test_few_units_are_said_with_the_similarity_by_chance_and_the_units_needed() -> None:
    """768 independent dimensions: 9 times as many units bring 768 / (n − 1 + 768) to a tenth."""
    generator = np.random.default_rng(0)
    (note,) = on_chance(sums_of([generator.normal(size=(64, 768)) for _ in range(4)]))
    assert note.startswith("with 64 units the biased estimator shows a similarity of 0.92")
    assert "estimator: debiased" in note
    units = int(note.split(" of about ")[1].split()[0].replace(",", ""))
    assert units == pytest.approx(9 * 768, rel=0.1)


def test_enough_units_and_a_single_checkpoint_are_no_matter() -> None:
    generator = np.random.default_rng(0)
    assert on_chance(sums_of([generator.normal(size=(400, 8)) for _ in range(4)])) == []
    assert on_chance(sums_of([generator.normal(size=(10, 80))])) == []


def steps(half: float, whole: float = 0.0) -> list[Step]:
    divergences = {0: 9.0, 64: 2.0, 300: half, 500: 3.0, 601: whole}
    return [Step(size, 9 * size, kl, 0.9, 0.1) for size, kl in divergences.items()]


def test_a_covariance_that_still_moves_is_said() -> None:
    (note,) = on_convergence(steps(0.35), "sentences")
    assert "the first 300 of 601 sentences is 0.35 nats" in note
    assert on_convergence(steps(0.05), "sentences") == []


def test_a_covariance_that_half_of_the_probe_does_not_give_is_said() -> None:
    for divergence in (math.nan, math.inf):
        (note,) = on_convergence(steps(divergence), "sentences")
        assert "the first 300 of 601 sentences is not positive definite, or there is none" in note


def test_a_covariance_of_which_no_convergence_can_be_told_is_said() -> None:
    (note,) = on_convergence(steps(math.nan, math.nan), "images")
    assert note.startswith("whether the covariance has converged cannot be told")
    assert note.endswith("or use more images for the probe")


def test_one_group_has_no_half() -> None:
    assert on_convergence([steps(0.35)[0], Step(1, 9, 0.0, 1.0, 0.1)], "sentences") == []


@pytest.mark.parametrize("groups", [2, 3, 300, 600, 1000, 5000, 17_000])
def test_convergence_is_looked_at_whatever_the_length_of_the_probe(groups: int) -> None:
    """With the prefixes that are the default."""
    sizes = ZooSettings.model_fields["convergence"].default
    parts = prefixes_of(np.arange(groups), sizes, np.arange(groups))
    far = [Step(one.groups, one.units, 9.0, 0.5, 0.1) for one in parts[:-1]]
    whole = Step(groups, groups, 0.0, 1.0, 0.1)
    assert len(on_convergence([*far, whole], "sentences")) == 1


def test_groups_of_near_duplicates_are_named() -> None:
    values = np.eye(5)
    for i, j in ((0, 3), (3, 4)):
        values[i, j] = values[j, i] = 0.995
    (note,) = on_duplicates(["a", "b", "c", "d", "e"], values)
    assert note.startswith("a, d, e see the probe alike (a similarity above 0.99")
    values[1, 2] = values[2, 1] = 0.999
    assert len(on_duplicates(["a", "b", "c", "d", "e"], values)) == 2


def test_notes_are_logged_and_in_the_file(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    x, y = random_features(30, [60, 70], seed=0)
    names = write_features(tmp_path, [x, y, x + 1e-3 * y[:, :60]])
    covariance = read_covariance(run_estimate(tmp_path, names, "--estimator", "biased"))
    twins, chance, convergence = covariance.notes
    assert twins.startswith("net-0, net-2 see the probe alike")
    assert chance.startswith("with 30 units the biased estimator")
    assert convergence.startswith("whether the covariance has converged cannot be told")
    for note in covariance.notes:
        assert note in caplog.text
    assert read_covariance(run_estimate(tmp_path, names)).notes == [twins, convergence]


def test_an_imported_covariance_names_near_duplicates(tmp_path: Path) -> None:
    kappa = some_kappa()
    assert run_import(brought(tmp_path, kappa), NAMES).notes == []
    kappa[3], kappa[:, 3] = kappa[2], kappa[:, 2]
    kappa[3, 3] = 1
    (note,) = run_import(brought(tmp_path, kappa), NAMES).notes
    assert note.startswith("gpt2, t5-base see the probe alike")


def test_a_covariance_without_notes_is_read(tmp_path: Path) -> None:
    np.savez(tmp_path / "k.npz", names=NAMES, values=np.eye(4), rows=3, estimator="biased")
    assert read_covariance(tmp_path / "k.npz").notes == []
