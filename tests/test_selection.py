"""Selection methods, the checks on their input, and the script."""

from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from workflow_scripts.common.covariance_file import Covariance, read_covariance, write_covariance
from workflow_scripts.common.covariance_input import NamedMatrix, checked, read_matrix
from workflow_scripts.common.script import UserError
from workflow_scripts.common.table_file import SELECTION_COLUMNS
from workflow_scripts.selection import select as script
from workflow_scripts.selection.methods import REGISTRY, Pool, select
from workflow_scripts.selection.settings import (
    METHODS,
    EntropySettings,
    MmiExactSettings,
    MmiSettings,
    MmiSwapSettings,
    PeekSettings,
    RandomSettings,
    SingleSettings,
)

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"
NAMES = ["ant", "bee", "cat", "dog", "emu"]


def some_kappa(size: int = 5, seed: int = 0) -> np.ndarray:
    factor = np.random.default_rng(seed).normal(size=(size, 2 * size))
    covariance = factor @ factor.T
    scale = np.sqrt(np.diag(covariance))
    return covariance / np.outer(scale, scale)


def save_npz(path: Path, values: np.ndarray, names: list[str] = NAMES) -> Path:
    write_covariance(path, Covariance(names, values, rows=9, estimator="biased"))
    return path


def run_select(tmp_path: Path, *flags: str) -> pd.DataFrame:
    output = tmp_path / "picks.csv"
    script.main([*flags, "--output", str(output)])
    return pd.read_csv(output)


def test_every_settings_model_has_its_function_and_its_name() -> None:
    assert set(REGISTRY) == set(METHODS.values())
    for name, model in METHODS.items():
        assert model.model_fields["method"].default == name


# The published covariance is not part of this repository; where it is at hand, so is this test.
with_reference = pytest.mark.skipif(
    not (REFERENCE / "kappa_34.npy").is_file(), reason="the published covariance is not here"
)


@with_reference
@pytest.mark.parametrize("start", ["greedy", "hub"])
def test_the_published_covariance_gives_the_published_picks(
    start: str, capsys: pytest.CaptureFixture[str]
) -> None:
    kappa, names = REFERENCE / "kappa_34.npy", REFERENCE / "checkpoints_34.txt"
    flags = ["--covariance", str(kappa), "--names", str(names), "--method", "mmi"]
    script.main([*flags, "--k", "5", "--start", start, "--output", "-"])
    lines = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    picks = [line[5] for line in lines[1:]]
    published = [
        "roberta-base",
        "distilbert-base-uncased",
        "t5-base",
        "bert-base-cased",
        "bart-large",
    ]
    if start == "greedy":
        assert picks == published
        information = [float(line[6]) for line in lines[1:]]
        assert information == pytest.approx([1.2259, 1.8623, 2.3205, 2.6969, 2.9484], abs=5e-5)
    else:
        assert picks[0] == "t5-base"
        assert set(picks) == set(published)


def test_nested_methods_write_their_first_picks_for_every_size(tmp_path: Path) -> None:
    path = save_npz(tmp_path / "k.npz", some_kappa())
    for method in ("mmi", "entropy"):
        table = run_select(
            tmp_path, "--covariance", str(path), "--method", method, "--k", "1", "3", "4"
        )
        assert list(table.columns) == SELECTION_COLUMNS
        assert table["k"].tolist() == [1, 3, 3, 3, 4, 4, 4, 4]
        assert table["rank"].tolist() == [1, 1, 2, 3, 1, 2, 3, 4]
        whole = table[table["k"] == 4]["checkpoint"].tolist()
        assert table[table["k"] == 3]["checkpoint"].tolist() == whole[:3]
        assert table["objective"].notna().all()


@pytest.mark.parametrize("method", ["mmi", "mmi_swap", "mmi_exact", "entropy"])
def test_the_last_pick_of_each_set_bears_its_bound(tmp_path: Path, method: str) -> None:
    path = save_npz(tmp_path / "k.npz", some_kappa())
    flags = ["--covariance", str(path), "--method", method, "--k", "2", "3", "5"]
    table = run_select(tmp_path, *flags)
    last = table["rank"] == table["k"]
    assert table["bound"].notna().equals(last)
    assert (table[last]["bound"] >= table[last]["objective"]).all()
    assert table["gap"].equals(table["bound"] - table["objective"])
    if method == "mmi_exact":
        np.testing.assert_allclose(table[last]["bound"], table[last]["objective"], atol=1e-9)


def test_exact_is_at_least_swap_and_swap_at_least_greedy() -> None:
    for seed in range(10):
        names = [f"n{i:02}" for i in range(12)]
        pool = Pool(names, NamedMatrix(names, some_kappa(12, seed)))
        sizes = [2, 4, 6]
        greedy, hub, swap, exact = (
            [one.objective[-1] for one in select(settings, sizes, pool) if one.objective]
            for settings in (
                MmiSettings(),
                MmiSettings(start="hub"),
                MmiSwapSettings(start="hub"),
                MmiExactSettings(),
            )
        )
        for index in range(len(sizes)):
            assert max(hub[index], 0) <= swap[index] + 1e-9
            assert max(greedy[index], swap[index]) <= exact[index] + 1e-9


def test_the_log_says_how_much_better_a_set_can_be(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = save_npz(tmp_path / "k.npz", some_kappa())
    with caplog.at_level("INFO"):
        run_select(tmp_path, "--covariance", str(path), "--method", "mmi_exact", "--k", "2")
    assert "nats, at most" in caplog.text
    assert "possible (gap 0)" in caplog.text


def test_the_order_of_rows_in_the_file_does_not_matter(tmp_path: Path) -> None:
    kappa = some_kappa()
    order = [3, 0, 4, 2, 1]
    one = save_npz(tmp_path / "a.npz", kappa)
    other = save_npz(tmp_path / "b.npz", kappa[np.ix_(order, order)], [NAMES[i] for i in order])
    tables = [
        run_select(tmp_path, "--covariance", str(path), "--method", "mmi", "--k", "5")
        for path in (one, other)
    ]
    assert tables[0]["checkpoint"].tolist() == tables[1]["checkpoint"].tolist()


def test_the_three_kinds_of_file_give_the_same_matrix(tmp_path: Path) -> None:
    kappa = some_kappa()
    npz = save_npz(tmp_path / "k.npz", kappa)
    np.save(tmp_path / "k.npy", kappa)
    names = tmp_path / "names.txt"
    names.write_text("\n".join(NAMES) + "\n\n")
    pd.DataFrame(kappa, index=NAMES, columns=NAMES)[NAMES[::-1]].to_csv(tmp_path / "k.csv")
    for path, with_names in [(npz, None), (tmp_path / "k.npy", names), (tmp_path / "k.csv", None)]:
        matrix = read_matrix(path, with_names)
        assert matrix.names == NAMES
        np.testing.assert_allclose(matrix.values, kappa, atol=1e-15)


def test_random_sets_are_distinct_seeded_and_keep_when_more_are_drawn() -> None:
    few = select(RandomSettings(draws=5, seed=1), [2, 3], Pool(NAMES))
    many = select(RandomSettings(draws=9, seed=1), [2, 3], Pool(NAMES))
    other = select(RandomSettings(draws=5, seed=2), [2, 3], Pool(NAMES))
    for size in (2, 3):
        sets = [frozenset(one.picks) for one in many if len(one.picks) == size]
        assert len(set(sets)) == 9
        assert sets[:5] == [frozenset(one.picks) for one in few if len(one.picks) == size]
        assert [one.draw for one in many if len(one.picks) == size] == list(range(9))
    assert [one.picks for one in few] != [one.picks for one in other]


def test_random_can_draw_every_set_and_no_more() -> None:
    drawn = select(RandomSettings(draws=10), [2], Pool(NAMES))
    assert {frozenset(one.picks) for one in drawn} == set(map(frozenset, combinations(NAMES, 2)))
    with pytest.raises(UserError, match="11 draws are asked for, there are 10 different sets of 2"):
        select(RandomSettings(draws=11), [2], Pool(NAMES))


def test_random_picks_every_checkpoint_about_equally_often() -> None:
    names = [f"n{i}" for i in range(12)]
    drawn = select(RandomSettings(draws=comb(12, 3) // 2), [3], Pool(names))
    counts = pd.Series([name for one in drawn for name in one.picks]).value_counts()
    assert len(counts) == 12
    # 27.5 each are expected, give or take 4.6.
    assert counts.between(14, 41).all()


def test_peek_ranks_by_dev_score_and_settles_ties_by_name(tmp_path: Path) -> None:
    singles = tmp_path / "singles.csv"
    pd.DataFrame(
        {
            "checkpoints": ["bee", "ant", "cat", "dog"],
            "dev_score": [0.5, 0.5, 0.9, 0.1],
            "test_score": [0.0, 0.0, 0.0, 1.0],
        }
    ).to_csv(singles, index=False)
    table = run_select(
        tmp_path, "--singles", str(singles), "--method", "peek", "--task", "t", "--k", "3"
    )
    assert table["checkpoint"].tolist() == ["cat", "ant", "bee"]
    assert table["objective"].tolist() == [0.9, 0.5, 0.5]
    assert set(table["task"]) == {"t"}


def test_single_gives_each_named_checkpoint_alone() -> None:
    chosen = select(SingleSettings(picks=["dog", "ant"]), [1], Pool(NAMES))
    assert [(one.picks, one.draw) for one in chosen] == [(["dog"], 0), (["ant"], 1)]
    with pytest.raises(UserError, match="no checkpoint named yak"):
        select(SingleSettings(picks=["dog", "yak"]), [1], Pool(NAMES))
    with pytest.raises(UserError, match="size 1, which is not among the sizes"):
        select(SingleSettings(picks=["dog"]), [2], Pool(NAMES))


def test_names_alone_suffice_for_random(tmp_path: Path) -> None:
    names = tmp_path / "names.txt"
    names.write_text("\n".join(NAMES))
    flags = ["--method", "random", "--draws", "4", "--k", "2", "--label", "chance"]
    by_file = run_select(tmp_path, "--names", str(names), *flags)
    by_flag = run_select(tmp_path, "--checkpoints", *NAMES[::-1], *flags)
    pd.testing.assert_frame_equal(by_file, by_flag)
    assert set(by_file["method"]) == {"chance"}
    assert by_file["objective"].isna().all()
    assert by_file["bound"].isna().all()


@pytest.mark.parametrize(
    "settings", [MmiSettings(), MmiExactSettings(), EntropySettings(), PeekSettings(task="t")]
)
def test_more_picks_than_checkpoints_are_refused(
    settings: MmiSettings | MmiExactSettings | EntropySettings | PeekSettings,
) -> None:
    matrix = NamedMatrix(NAMES, some_kappa())
    pool = Pool(NAMES, matrix, dict.fromkeys(NAMES, 0.0))
    with pytest.raises(UserError, match="k = 6 picks are asked of 5 checkpoints"):
        select(settings, [1, 6], pool)


def spoiled(row: int, column: int, value: float, symmetric: bool = True) -> NamedMatrix:
    kappa = some_kappa()
    kappa[row, column] = value
    if symmetric:
        kappa[column, row] = value
    return NamedMatrix(NAMES, kappa)


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (spoiled(1, 2, np.nan), "not finite, at bee and cat"),
        (spoiled(0, 3, 0.5, symmetric=False), "not symmetric, at ant and dog"),
        (spoiled(2, 2, 0.9), "a diagonal other than one, at cat;"),
        (spoiled(0, 4, 1.0), "ant and emu are duplicates of each other; leave one of them out"),
        (spoiled(0, 4, 1.5), "not positive definite"),
    ],
)
def test_a_covariance_that_is_none_is_refused_with_the_names_to_blame(
    matrix: NamedMatrix, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        checked(matrix, jitter=0)


def test_linear_dependence_without_duplicates_names_those_involved() -> None:
    generator = np.random.default_rng(0)
    vectors = generator.normal(size=(5, 40))
    vectors[3] = vectors[0] + vectors[1]
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with pytest.raises(UserError, match=r"ant, bee, dog depend on each other linearly.*--jitter"):
        checked(NamedMatrix(NAMES, vectors @ vectors.T), jitter=0)


def test_jitter_makes_duplicates_acceptable_and_picks_only_one_of_them(tmp_path: Path) -> None:
    kappa = some_kappa()
    kappa[4], kappa[:, 4] = kappa[0], kappa[:, 0]
    kappa[4, 4] = 1
    path = save_npz(tmp_path / "k.npz", kappa)
    flags = ["--covariance", str(path), "--method", "mmi", "--k", "3"]
    with pytest.raises(UserError, match="ant and emu are duplicates"):
        run_select(tmp_path, *flags)
    table = run_select(tmp_path, *flags, "--jitter", "1e-6")
    assert not {"ant", "emu"} <= set(table["checkpoint"])


def test_files_that_hold_no_covariance_are_refused_in_a_sentence(tmp_path: Path) -> None:
    bare = tmp_path / "bare.npy"
    np.save(bare, some_kappa())
    names = tmp_path / "names.txt"
    names.write_text("ant\nbee\n")
    twice = tmp_path / "twice.txt"
    twice.write_text("ant\nant\nbee\ncat\ndog\n")
    text = tmp_path / "text.npy"
    text.write_text("hello")
    labels = tmp_path / "labels.csv"
    labels.write_text(",ant,bee\nant,1,0\ncat,0,1\n")
    words = tmp_path / "words.csv"
    words.write_text(",ant,bee\nant,1,x\nbee,y,1\n")
    other = tmp_path / "other.npz"
    np.savez(other, something=1)
    cases = [
        (bare, None, "give them with --names FILE"),
        (bare, names, "5×5, there are 2 names"),
        (bare, twice, "stand for several rows: ant"),
        (bare, tmp_path / "none.txt", "none.txt: there is no such file"),
        (text, names, "not a numeric .npy"),
        (labels, None, "must hold the same names"),
        (words, None, "a table of numbers"),
        (tmp_path / "none.csv", None, "there is no such file"),
        (other, None, "no covariance file"),
        (tmp_path / "none.npz", None, "no such covariance file"),
        (tmp_path / "k.txt", None, "expected .npz, .npy or .csv"),
    ]
    for path, with_names, message in cases:
        with pytest.raises(UserError, match=message):
            read_matrix(path, with_names)


def test_the_script_says_what_a_method_needs(tmp_path: Path) -> None:
    for method, flag in [("mmi", "--covariance"), ("random", "--names"), ("peek", "--singles")]:
        extra = ["--task", "t"] if method == "peek" else []
        with pytest.raises(UserError, match=f"method {method} needs {flag}"):
            run_select(tmp_path, "--method", method, "--k", "1", *extra)
    with pytest.raises(UserError, match="there is no such file"):
        run_select(tmp_path, "--method", "mmi", "--k", "1", "--covariance", "nowhere.npz")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("a,b\n1,2\n")
    peek = ["--method", "peek", "--task", "t", "--k", "1", "--singles", str(wrong)]
    with pytest.raises(UserError, match="the table has no column checkpoints, dev_score"):
        run_select(tmp_path, *peek)
    with pytest.raises(SystemExit):
        run_select(tmp_path, "--method", "mmi", "--k", "1", "--jitter", "-1")
    with pytest.raises(UserError, match="--k 0: a set has at least one"):
        run_select(tmp_path, "--method", "mmi", "--k", "0")
    with pytest.raises(UserError, match="--draws: Mmi has no such flag"):
        run_select(tmp_path, "--method", "mmi", "--k", "1", "--draws", "3")
    with pytest.raises(UserError, match=r"--start: .*'greedy' or 'hub'"):
        run_select(tmp_path, "--method", "mmi", "--k", "1", "--start", "middle")


def test_a_covariance_file_reads_back_as_it_was(tmp_path: Path) -> None:
    kappa = some_kappa()
    covariance = read_covariance(save_npz(tmp_path / "k.npz", kappa))
    assert (covariance.values == kappa).all()
    assert (covariance.names, covariance.rows, covariance.estimator) == (NAMES, 9, "biased")
