"""What the README and docs say was measured is what the files in docs/measured say."""

import argparse
import math
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from test_killed_jobs import MOMENTS

from docs import gather_measured, write_tables
from workflow_scripts.covariance.settings import StabilitySettings
from workflow_scripts.evaluation.head_fits import add_head_flags
from workflow_scripts.selection import branch_and_bound, methods
from workflow_scripts.selection.settings import MmiExactSettings

ROOT = Path(__file__).parents[1]
MEASURED = ROOT / "docs/measured"
ZOOS = ("digits", "stdlib")


def text_of(document: str) -> str:
    """In one line."""
    return " ".join((ROOT / document).read_text(encoding="utf-8").split())


README = text_of("README.md")
FINGERPRINTS = text_of("docs/fingerprints.md")


def said(pattern: str, text: str = README) -> tuple[str, ...]:
    """The numbers of the one sentence that matches, whatever its line breaks."""
    found = list(re.finditer(pattern, text))
    assert len(found) == 1, (pattern, len(found))
    return found[0].groups()


def number(text: str) -> float:
    return float(text.replace(",", ""))


def rounded_up(value: float, digits: int) -> float:
    return math.ceil(value * 10**digits) / 10**digits


def measured(name: str) -> pd.DataFrame:
    return pd.read_csv(MEASURED / f"{name}.csv")


def default_zoo(name: str) -> dict[str, Any]:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    return dict(config["zoos"][name])


@pytest.mark.parametrize("document", write_tables.tables(), ids=lambda path: path.name)
def test_the_tables_of_numbers_are_those_of_their_files(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for header, rows in write_tables.tables()[document].items():
        # Otherwise python -m docs.write_tables writes them anew.
        assert write_tables.with_rows(text, header, rows) == text, header


def test_figures_tables_and_lines_are_those_of_one_run() -> None:
    lines = (ROOT / "docs" / gather_measured.DIGESTS).read_text(encoding="utf-8").splitlines()
    digests = {path: digest for digest, path in (line.split("  ") for line in lines)}
    assert set(gather_measured.FILES.values()) < set(digests)
    for path, digest in digests.items():
        assert gather_measured.digest(ROOT / "docs" / path) == digest, path


@pytest.mark.parametrize("name", ["greedy", "proofs", "heads", "kernel_alignment", "low_rank"])
def test_files_of_times_say_on_what_they_were_taken(name: str) -> None:
    assert {"machine", "threads"} <= set(measured(name))


def test_what_the_default_run_takes_is_what_it_took() -> None:
    [run] = measured("default-run").to_dict("records")
    jobs, minutes, gigabytes = said(
        r"On two cores the (\d+) jobs take (\d+) minutes after installation, and none needs more "
        r"than ([\d.]+) GB"
    )
    assert run["threads"] == 2
    assert int(jobs) == run["jobs"]
    assert int(minutes) == round(run["seconds"] / 60)
    assert float(gigabytes) == rounded_up(run["peak_mb"] / 1000, 1)


def test_lines_of_the_terminal_in_the_readme_are_real() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    real = (MEASURED / "terminal.txt").read_text(encoding="utf-8").splitlines()
    shown = "\n".join(re.findall(r"^```text\n(.*?)\n```", readme, re.MULTILINE | re.DOTALL))
    assert shown
    assert set(shown.splitlines()) <= set(real)


def test_the_embedded_zoos_are_what_the_readme_says() -> None:
    digits, stdlib = default_zoo("digits"), default_zoo("stdlib")
    agents = digits["agents"]
    count, classes, tasks = map(
        int,
        said(r"(\d+) small networks, each trained on (\d+) of the 10 .*? on (\d+) tasks that no"),
    )
    assert (count, classes, tasks) == (agents["count"], agents["classes"], digits["tasks"]["count"])
    said("ten miniature language models of eight families")
    families = {one["family"] for one in stdlib["checkpoints"].values()}
    assert (len(stdlib["checkpoints"]), len(families)) == (10, 8)


def test_plans_of_large_zoos_are_those_of_their_file() -> None:
    table = measured("large_zoos").set_index("plan")
    paper, five, gigabytes, twenty = map(
        float,
        said(
            r"both of the paper's zoos in (\d+) seconds, and 1,000 checkpoints with 20 tasks at "
            r"five sizes in (\d+) seconds with ([\d.]+) GB .*? at twenty sizes it is (\d+) seconds"
        ),
    )
    found = table["seconds"].round()
    assert (paper, five, twenty) == tuple(found[["paper", "1000 at 5 sizes", "1000 at 20 sizes"]])
    assert gigabytes == round(table.loc["1000 at 5 sizes", "peak_mb"] / 1000, 1)


def test_random_sets_show_no_relation_between_objective_and_score() -> None:
    said("On the embedded zoos every interval crosses zero: ten random sets of each size")
    for zoo in ZOOS:
        table = measured(f"{zoo}-objective").query("task == 'all tasks'")
        assert (table["sets"] == 10).all()
        assert ((table["low"] < 0) & (table["high"] > 0)).all()


def test_the_answer_on_the_language_models_is_that_of_its_tables() -> None:
    table = measured("stdlib-information")
    row = table[(table["method"] == "mmi") & (table["k"] == 3) & (table["size"] == 3)].iloc[0]
    said("the three that the method would keep: it is proven that no other three tell more")
    assert row["bound"] - row["information"] < 1e-9


def test_stability_is_that_of_the_tables() -> None:
    shares = {
        zoo: measured(f"{zoo}-stability").set_index(["method", "k"])["set_share"] for zoo in ZOOS
    }
    assert shares["stdlib"][("mmi", 1)] == shares["stdlib"][("mmi", 2)] == 1
    [three] = said(r"same sets from all halves at k = 1 and 2, and from (\d+)% at k = 3")
    first, five = said(r"same first pick comes back from (\d+)%, the same five from (\d+)%")
    found = (
        shares["stdlib"][("mmi", 3)],
        shares["digits"][("mmi", 1)],
        shares["digits"][("mmi", 5)],
    )
    assert [f"{share:.0%}" for share in found] == [f"{three}%", f"{first}%", f"{five}%"]


def test_how_mmi_does_against_random_sets_is_that_of_the_tables() -> None:
    scores = {
        zoo: measured(f"{zoo}-scores").query("method == 'mmi'").set_index("k") for zoo in ZOOS
    }
    below = [
        (zoo, k) for zoo, table in scores.items() for k in table.index if table.loc[k, "high"] < 0
    ]
    above = [
        (zoo, k) for zoo, table in scores.items() for k in table.index if table.loc[k, "low"] > 0
    ]
    said("it is below them at k = 1 on digits, and cannot be told apart elsewhere")
    assert (below, above) == ([("digits", 1)], [])


def test_the_probe_is_large_enough_by_its_table() -> None:
    table = measured("stdlib-convergence").set_index("words")
    some, nats, many = said(r"On `stdlib` ([\d,]+) words come within ([\d.]+) nats of ([\d,]+)")
    [words] = (one for one in table.index if round(one, -3) == number(some))
    assert round(table.index.max(), -3) == number(many)
    assert rounded_up(table.loc[words, "kl"], 3) == float(nats)
    [words] = said(r"The picks on `stdlib`, from ([\d,]+) words")
    assert number(words) == table.index.max()


def test_standard_errors_are_those_of_the_resampled_probe() -> None:
    [error] = said(r"standard errors of κ are ([\d.]+) \(the median\)")
    assert float(error) == round(measured("digits-errors")["standard_error"].median(), 2)
    images, rotations = said(r"Those on `digits`, from (\d+) images in (\w+) rotations")
    probe = default_zoo("digits")["probe"]
    # Ten classes; the image itself is the seventh rotation.
    assert int(images) == 10 * probe["samples_per_class"]
    assert (rotations, len(probe["rotations"]) + 1) == ("seven", 7)


def test_what_quality_entropy_takes_first_is_that_of_the_tables() -> None:
    said("`quality_entropy` takes BART there, the one of the widest spectrum and the lowest scores")
    picks = measured("stdlib-picks").query("method == 'quality_entropy' and k == 1")
    assert picks["picks"].tolist() == ["bart"]
    widest = measured("stdlib-checkpoints").set_index("checkpoint")["rankme"].idxmax()
    lowest = measured("miniatures").set_index("checkpoint")["score"].idxmin()
    assert widest == lowest == "bart"


@pytest.mark.parametrize("zoo", ZOOS)
def test_the_percentiles_are_over_so_many_seeds_sets_and_sizes(zoo: str) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    [before] = re.findall(rf"([^|]*)\n\n\| method on `{zoo}` \|", readme)
    paragraph = " ".join(before.split("\n\n")[-1].split())
    counts = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
    [seeds] = said(rf"\b({'|'.join(counts)}) seeds? of (?:the whole )?`\w+`", paragraph)
    [sizes] = said(r"averaged over k = ([\d, ]+ and \d+)", paragraph)
    [sets] = said(r"(\d+) random sets of each size", paragraph)
    table = measured(f"percentiles-{zoo}")
    assert (table["seeds"] == counts[seeds]).all()
    assert set(re.findall(r"\d+", sizes)) == set(table["k"]) - {"all"}
    assert (table["random_sets"] == int(sets)).all()
    assert (table[table["method"] == "random"]["percentile"] == 0.5).all()


def test_speeds_of_heads_are_those_of_their_file() -> None:
    table = measured("heads").query("solver == 'adam'").set_index("task")
    heads, k, processes, loop, hard, classes = said(
        r"(\d+) selections of (\w+) on `stdlib/ner` take (\d+) times less than a process for each "
        r"head and (\d+) times less than one after another in one process \(([\d.]+) times on "
        r"`syn-p`, whose (\d+) classes"
    )
    assert ((table["heads"] == int(heads)) & (table["k"] == {"five": 5}[k])).all()
    assert round(table.loc["stdlib/ner", "processes/job"]) == int(processes)
    assert round(table.loc["stdlib/ner", "loop/together"]) == int(loop)
    assert round(table.loc["stdlib/syn-p", "loop/together"], 1) == float(hard)
    assert table.loc["stdlib/syn-p", "classes"] == int(classes)


def test_proofs_are_those_of_their_file() -> None:
    table = measured("proofs").set_index("k")
    assert (table["bound"] - table["best"] < 1e-9).all()
    last, seconds = said(r"proves the best set of every size from 1 to (\d+) in (\d+) seconds")
    assert int(last) == table.index.max()
    assert round(table["seconds"].sum()) == int(seconds)
    five, ten = said(r"greedy misses it by ([\d.]+) nats at k = 5 and ([\d.]+) at k = 10")
    missed = table["best"] - table["greedy"]
    assert (f"{missed[5]:.3f}", f"{missed[10]:.3f}") == (five, ten)


def test_speeds_of_selection_and_alignment_are_those_of_their_files() -> None:
    k, m, times, large, products = said(
        r"picks (\d+) of (\d+) checkpoints ([\d,]+) times as fast .*? and (\d+) of 5,000 in as "
        r"long as ([\d.]+) products of two matrices of that size"
    )
    greedy = measured("greedy").set_index(["m", "k"])
    found = greedy.loc[(int(m), int(k)), "direct/ours"]
    # To two digits.
    assert number(times) == float(f"{found:.2g}")
    assert float(products) == round(greedy.loc[(5000, int(large)), "ours/product"], 1)
    n, units, bare, faster = said(
        r"κ of (\d+) checkpoints of 768 dimensions on ([\d,]+) units takes ([\d.]+) times as long "
        r"as the bare matrix products, and (\d+) times less than the formula"
    )
    table = measured("kernel_alignment").set_index(["checkpoints", "units", "dim"])
    row = table.loc[(int(n), int(number(units)), 768)]
    assert float(bare) == round(row["ours/bare"], 1)
    assert int(faster) == round(row["formula/ours"])


def test_the_products_of_the_papers_checkpoints_follow_from_their_widths() -> None:
    table = measured("paper-widths")
    config = yaml.safe_load((ROOT / "configs/paper-language.yaml").read_text(encoding="utf-8"))
    checkpoints = config["zoos"]["paper"]["checkpoints"].values()
    assert sorted(table["checkpoint"]) == sorted(one["id"] for one in checkpoints)
    gigabytes, count = said(
        r"4 D² bytes for D dimensions of all checkpoints together, (\d+) GB for the paper's (\d+)\."
    )
    assert int(count) == len(table)
    assert int(gigabytes) == round(4 * table["width"].sum() ** 2 / 1e9)


def test_constants_are_those_of_the_code() -> None:
    [moments] = said(r"evaluations at (\d+) random moments each")
    assert int(moments) == MOMENTS
    [limit] = said(r"branch and bound within `time_limit` seconds \((\d+)\)")
    assert int(limit) == MmiExactSettings().time_limit
    [searched] = said(r"Above ([\d,]+) checkpoints it returns the swapped greedy set")
    assert number(searched) == branch_and_bound._SEARCHED_AT_MOST
    [deviate] = said(r"no pick is made whose gain is below ([\d.]+) standard errors")
    assert float(deviate) == methods._ONE_SIDED
    blocks, halves = said(r"among (\d+) blocks, .*? from (\d+) random halves of the blocks")
    stability = StabilitySettings()
    assert (int(blocks), int(halves)) == (stability.blocks, stability.replicates)
    flags = argparse.ArgumentParser()
    add_head_flags(flags)
    [memory] = said(r"do not fit into `--memory-mb` \(([\d,]+)\)")
    assert number(memory) == flags.get_default("memory_mb")


def test_costs_of_fingerprints_are_those_of_their_file() -> None:
    one, merge = measured("fingerprint-costs").to_dict("records")
    p, size, seconds, units, dim = said(
        r"p = ([\d,]+) numbers \(`--pairs`\) in (\d+) kB, here in ([\d.]+) seconds for ([\d,]+) "
        r"units of (\d+) dimensions",
        FINGERPRINTS,
    )
    assert (number(p), number(units), int(dim)) == (one["p"], one["units"], one["dim"])
    assert (int(size), float(seconds)) == (round(one["bytes"] / 1000), round(one["seconds"], 2))
    count, length, seconds, rank = said(
        r"([\d,]+) fingerprints of ([\d,]+) numbers took (\d+) seconds for r = (\d+)\.",
        FINGERPRINTS,
    )
    assert (number(count), number(length)) == (merge["checkpoints"], merge["p"])
    assert (int(seconds), int(rank)) == (round(merge["seconds"]), merge["rank"])


def test_errors_of_fingerprints_are_those_of_their_file() -> None:
    table = measured("fingerprints")
    [seeds] = said(r"root mean square over entries and (\d+) seeds", FINGERPRINTS)
    assert (table["seeds"] == int(seeds)).all()
    errors = table.query("zoo == 'synthetic' and estimate == 'corrected'").set_index("p")
    found = said(
        r"it is ([\d.]+) at p = 4,096, ([\d.]+) at 16,384 and ([\d.]+) at 65,536\.", FINGERPRINTS
    )
    assert found == tuple(f"{errors.loc[p, 'rms_error']:.4f}" for p in (4096, 16384, 65536))
    agents, images, checkpoints, words = said(
        r"(\d+) checkpoints on ([\d,]+) images and (\d+) on ([\d,]+) words", FINGERPRINTS
    )
    probe = default_zoo("digits")["probe"]
    assert number(images) == 10 * probe["samples_per_class"] * (len(probe["rotations"]) + 1)
    assert number(words) == measured("stdlib-convergence")["words"].max()
    counts = [len(measured(f"{zoo}-checkpoints")) for zoo in ZOOS]
    assert [int(agents), int(checkpoints)] == counts


def test_picks_from_low_rank_are_so_many_from_so_many_directions() -> None:
    table = measured("low_rank")
    k, rank, repeats, checked = said(
        r"Seconds for k = (\d+) picks of `mmi` from a random factor of rank (\d+), on one thread "
        r"\(the fastest of (\w+) runs; .*?\)\. Up to m = ([\d,]+) the picks are checked",
        FINGERPRINTS,
    )
    assert (table["threads"] == 1).all()
    assert (table["k"] == int(k)).all()
    assert (table["rank"] == int(rank)).all()
    assert (table["repeats"] == {"three": 3}[repeats]).all()
    assert table.loc[table["dense_seconds"].notna(), "m"].max() == number(checked)
