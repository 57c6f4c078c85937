"""How often picks come back from replicates of the covariance; the table and figure of it."""

import logging
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.replicates_file import Replicates, write_replicates
from workflow_scripts.common.script import UserError
from workflow_scripts.report.figures.picks import draw_stability
from workflow_scripts.report.tables.picks import most_picked, stability_table
from workflow_scripts.selection import select, stability
from workflow_scripts.selection.mutual_information import (
    greedy_mutual_information,
    mutual_information,
)
from workflow_scripts.selection.pool import ReplicatedKappa, positive_definite

NAMES = ["ant", "bee", "cat", "dog", "elk", "fox"]


def some_covariance(noise: float, seed: int) -> np.ndarray:
    """Three loose pairs, with noise."""
    generator = np.random.default_rng(seed)
    kappa = np.full((6, 6), 0.3)
    for i in range(0, 6, 2):
        kappa[i, i + 1] = kappa[i + 1, i] = 0.6
    rough = np.triu(noise * generator.normal(size=(6, 6)), 1)
    kappa += rough + rough.T
    np.fill_diagonal(kappa, 1.0)
    return kappa


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A covariance and 40 replicates of it."""
    write_covariance(tmp_path / "probe.npz", Covariance(NAMES, some_covariance(0, 0), 9, "biased"))
    values = np.stack([some_covariance(0.05, seed) for seed in range(40)])
    write_replicates(tmp_path / "replicates.npz", Replicates(NAMES, values, 100, 10))
    return tmp_path


def measure(folder: Path, *flags: str) -> pd.DataFrame:
    stability.main(
        ["--replicates", str(folder / "replicates.npz"), "--covariance", str(folder / "probe.npz")]
        + ["--method", "mmi", "--k", "1", "3", "--output", str(folder / "mmi.csv"), *flags]
    )
    return pd.read_csv(folder / "mmi.csv")


def test_shares_count_the_picks_from_each_replicate(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        table = measure(folder, "--label", "mine")
    original = greedy_mutual_information(some_covariance(0, 0), 3).order
    for size in (1, 3):
        found = [
            frozenset(greedy_mutual_information(some_covariance(0.05, seed), size).order)
            for seed in range(40)
        ]
        counts = Counter(index for one in found for index in one)
        rows = table[table["k"] == size].set_index("checkpoint")
        picked = {NAMES[i] for i in original[:size]}
        assert set(rows.index) == {NAMES[i] for i in counts} | picked
        for name, row in rows.iterrows():
            assert row["share"] == counts[NAMES.index(str(name))] / 40
            assert row["picked"] == (name in picked)
            assert row["set_share"] == found.count(frozenset(original[:size])) / 40
        assert rows["share"].is_monotonic_decreasing
        assert f"at k = {size}" in caplog.text
    assert set(table["method"]) == {"mine"}
    assert "the same set comes back from" in caplog.text


def test_replicates_of_another_covariance_are_refused(folder: Path) -> None:
    write_replicates(
        folder / "replicates.npz", Replicates(["ant", "bee"], np.stack([np.eye(2)] * 2), 9, 4)
    )
    with pytest.raises(UserError, match="are not of the covariance that --method mmi picks from"):
        measure(folder)


def test_methods_that_read_no_covariance_have_no_stability(folder: Path) -> None:
    with pytest.raises(UserError, match="--method random picks from"):
        measure(folder, "--method", "random", "--checkpoints", *NAMES, "--draws", "2")


def test_matrices_are_mended_only_where_they_must_be() -> None:
    good = some_covariance(0, 0)
    assert positive_definite(good) is good
    bad = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    mended = positive_definite(bad)
    assert np.linalg.eigvalsh(bad)[0] < 0 < 1e-7 < np.linalg.eigvalsh(mended)[0]
    assert np.array_equal(mended, mended.T) and (np.diag(mended) == 1).all()


def test_the_table_names_the_strongest_rival() -> None:
    shares = pd.DataFrame(
        [
            ("mmi", 1, "ant", True, 1.0, 1.0),
            ("mmi", 2, "ant", True, 0.9, 0.5),
            ("mmi", 2, "bee", True, 0.6, 0.5),
            ("mmi", 2, "elk", False, 0.2, 0.5),
            ("mmi", 2, "cat", False, 0.3, 0.5),
        ],
        columns=["method", "k", "checkpoint", "picked", "share", "set_share"],
    )
    first, second = stability_table(shares).to_dict("records")
    assert (first["set_share"], first["mean_share"]) == (1.0, 1.0)
    assert pd.isna(first["rival"]) and pd.isna(first["rival_share"])
    assert (second["rival"], second["rival_share"]) == ("cat", 0.3)
    assert second["mean_share"] == pytest.approx(0.75)


def test_bars_of_every_size_are_drawn(folder: Path) -> None:
    table = measure(folder, "--k", "1", "2", "3", "4", "5")
    draw_stability(table, ["mmi"], folder / "stability.svg")
    drawn = (folder / "stability.svg").read_text()
    assert (folder / "stability.png").stat().st_size > 10_000
    for text in ("k = 1, the same set", "k = 5, the same set", "ant", "not picked"):
        assert f"<!-- {text}" in drawn


def test_where_a_method_stops_is_compared_too(folder: Path) -> None:
    """Also with replicates from which it would go on; from others it stops before."""
    path = folder / "probe.npz"
    flags = ["--stop", "gain", "--k", "1", "6"]
    kappa = some_covariance(0, 0)
    inverse = np.linalg.inv(kappa)
    order = greedy_mutual_information(kappa, 6).order
    gains = np.diff([mutual_information(kappa, inverse, order[:k]) for k in range(1, 7)])
    stop = 1 + int(np.argmax(gains <= 0))
    assert 1 < stop < 6
    table = measure(folder, *flags)
    assert table["k"].unique().tolist() == [1, stop]
    found = []
    for seed in range(40):
        picks = greedy_mutual_information(some_covariance(0.05, seed), 6)
        more = np.diff(picks.objective) > 0
        goes_on = more[: stop - 1].all()
        found.append(goes_on and set(picks.order[:stop]) == set(order[:stop]))
    assert 0 < np.mean(found) < 1
    assert table.loc[table["k"] == stop, "set_share"].iloc[0] == np.mean(found)
    # Checkpoints that are all alike tell as much by one pick as by any.
    values = np.stack([np.full((6, 6), 0.9) + 0.1 * np.eye(6)] * 3)
    write_covariance(path, Covariance(NAMES, values[0], 9, "biased"))
    write_replicates(folder / "replicates.npz", Replicates(NAMES, values, 100, 10))
    alike = measure(folder, "--stop", "gain", "--k", "6")
    assert alike["k"].max() < 6 and (alike["set_share"] == 1).all()


def test_the_error_of_a_gain_is_its_spread_over_the_replicates() -> None:
    values = np.stack([some_covariance(0.05, seed) for seed in range(30)])
    order = [4, 0, 3]
    gains = []
    for kappa in (values + 0.1 * np.eye(6)) / 1.1:
        inverse = np.linalg.inv(kappa)
        objective = [mutual_information(kappa, inverse, order[:k]) for k in (1, 2, 3)]
        gains.append(np.diff(objective, prepend=0.0))
    found = ReplicatedKappa.of(values, 0.1).gain_errors(order)
    np.testing.assert_allclose(found, np.std(gains, axis=0, ddof=1), rtol=1e-9)


def test_mmi_may_stop_where_a_gain_is_within_its_noise(folder: Path) -> None:
    def sizes(*flags: str) -> list[int]:
        output = folder / "picks.csv"
        select.main(
            ["--covariance", str(folder / "probe.npz"), "--method", "mmi", "--k", "1", "2", "3"]
            + ["--output", str(output), *flags]
        )
        return pd.read_csv(output)["k"].drop_duplicates().tolist()

    kappa = some_covariance(0, 0)
    whole = greedy_mutual_information(kappa, 3)
    gains = np.diff(whole.objective, prepend=0.0)
    assert sizes("--stop", "gain") == [1, 2, 3]
    stops_after = {}
    for noise in (0.001, 0.05, 0.3):
        values = np.stack([some_covariance(noise, seed) for seed in range(40)])
        write_replicates(folder / "replicates.npz", Replicates(NAMES, values, 100, 10))
        limits = 1.645 * ReplicatedKappa.of(values, 0).gain_errors(whole.order)
        above = (gains > limits).tolist()
        stops_after[noise] = max(1, (above + [False]).index(False))
        noisy = ["--stop", "noise", "--replicates", str(folder / "replicates.npz")]
        assert sizes(*noisy) == [1, 2, 3][: stops_after[noise]]
        assert sizes(*noisy, "--k", "3") == [stops_after[noise]]
    assert stops_after[0.001] == 3
    assert stops_after[0.3] == 1
    with pytest.raises(UserError, match="method mmi needs --replicates"):
        sizes("--stop", "noise")


def test_few_bars_are_shown_and_picks_always() -> None:
    shares = pd.DataFrame(
        {
            "checkpoint": [f"c{i:02d}" for i in range(20)],
            "share": np.linspace(1, 0, 20),
            "picked": [i in (0, 19) for i in range(20)],
        }
    )
    shown = most_picked(shares)["checkpoint"].tolist()
    assert shown == [f"c{i:02d}" for i in range(10)] + ["c19"]
