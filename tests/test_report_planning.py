"""What stage 7 is planned to make of a zoo is what its scripts make of it."""

import copy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure
from small_results import FIGURES, NAMES, TABLES, write_inputs

from workflow_scripts.config.config import read_config
from workflow_scripts.kinds.zoo import Zoo, ZooSettings
from workflow_scripts.planning import report as planning
from workflow_scripts.report import plot_figures, tabulate
from workflow_scripts.report.sections import CAPTIONS

ZOO: dict[str, Any] = {
    "modality": "text",
    "checkpoints": {name: {"kind": "folder", "path": name} for name in NAMES},
    "probe": {"source": "text", "file": "sentences.txt"},
    "tasks": {name: {"format": "conllu", "train": f"{name}.conllu"} for name in ("t0", "t1", "t2")},
    "selection": {
        "sizes": [1, 2],
        "methods": {"mmi": {}, "random": {"draws": 2}, "peek": {"task": "t0"}},
    },
}
OF_SCORES = {"figure-3-tasks", "figure-5-scores", "figure-6-gain", "objective"}
# What a zoo lacks, by key, and which tables and figures it then has not.
LACKING: dict[str, tuple[set[str], set[str]]] = {
    "": (set(), set()),
    "tasks": ({"scores", "tasks", "objective", "sets"}, OF_SCORES),
    "random": ({"objective", "sets"}, {"figure-6-gain", "objective"}),
    "stability": ({"stability"}, {"stability"}),
    "probe": ({"stability"}, {"stability", "figure-2-convergence"}),
    "mmi": ({"representatives", "stability"}, {"figure-6-gain", "stability"}),
}


def zoo_without(lacking: str) -> Zoo[ZooSettings]:
    zoo = copy.deepcopy(ZOO)
    methods = zoo["selection"]["methods"]
    if lacking == "tasks":
        del zoo["tasks"], methods["peek"]
    if lacking == "random":
        del methods["random"]
    if lacking == "mmi":
        zoo["selection"]["methods"] = {"random": {"draws": 2}}
    if lacking == "stability":
        zoo["stability"] = {"replicates": 0}
    if lacking == "probe":
        del zoo["probe"]
        zoo["covariance"] = {"precomputed": "kappa.npz"}
    return Zoo("z", read_config({"zoos": {"z": zoo}}).zoos["z"])


def flags_of(files: Mapping[str, list[str]]) -> list[str]:
    """As the rules write them: a flag without a value where there are no files."""
    return [part for flag, paths in files.items() for part in (f"--{flag}", *paths)]


@pytest.mark.parametrize("lacking", LACKING)
def test_a_zoo_has_the_tables_and_figures_that_its_results_allow(
    lacking: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zoo = zoo_without(lacking)
    tables, figures = LACKING[lacking]
    assert set(planning.table_names(zoo)) == set(TABLES) - tables
    assert planning.figure_names(zoo) == [one for one in FIGURES if one not in figures]
    monkeypatch.chdir(tmp_path)
    # Three formats of every figure take most of the time, and what is in them is no matter here.
    monkeypatch.setattr(Figure, "savefig", lambda _, path, **__: Path(path).write_bytes(b""))
    lay_out_results(tmp_path / "results/z")
    argv = flags_of(planning.table_inputs(zoo)) + planning.table_flags(zoo)
    tabulate.main([*argv, "--tables", *planning.table_files(zoo)])
    argv = flags_of(planning.figure_inputs(zoo)) + planning.figure_flags(zoo)
    plot_figures.main([*argv, "--figures", *planning.figure_files(zoo)])
    made = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "results/z").rglob("*")}
    assert made >= {*planning.table_files(zoo), *planning.report_inputs(zoo)}
    for suffix in (".svg", ".pdf", ".png"):
        assert made >= set(planning.figure_files(zoo, suffix))


def lay_out_results(folder: Path) -> None:
    """What the stages before leave, where they leave it."""
    write_inputs(folder)
    for name in NAMES:
        card = folder / f"checkpoints/{name}.json"
        card.parent.joinpath(name).mkdir()
        card.rename(card.parent / name / "checkpoint.json")
    quality = [f"{name},1,1,1,1" for name in NAMES]
    (folder / "covariance/probe.quality.csv").write_text(
        "\n".join(["checkpoint,rankme,alpha_req,stable_rank,alpha", *quality]) + "\n"
    )


def test_figures_know_which_methods_are_drawn_grey_or_dark() -> None:
    zoo = copy.deepcopy(ZOO)
    zoo["selection"]["methods"] |= {
        "all": {},
        "ant": {"method": "single", "picks": ["ant"]},
        "every": {"method": "single", "picks": ["*"]},
    }
    flags = planning.figure_flags(Zoo("z", read_config({"zoos": {"z": zoo}}).zoos["z"]))
    assert flags[flags.index("--methods") + 1 :] == ["every", "mmi", "peek"]
    assert flags[flags.index("--singles") + 1 : flags.index("--methods")] == ["ant"]


def test_the_order_of_the_config_is_no_matter() -> None:
    other = copy.deepcopy(ZOO)
    other["selection"]["sizes"].reverse()
    for where in (other["selection"]["methods"], other["checkpoints"], other["tasks"]):
        items = list(where.items())
        where.clear()
        where.update(reversed(items))
    zoos = [Zoo("z", read_config({"zoos": {"z": zoo}}).zoos["z"]) for zoo in (ZOO, other)]
    for of_zoo in (planning.report_contents, planning.table_flags, planning.figure_flags):
        first, second = map(of_zoo, zoos)
        assert first == second
    first, second = (planning.table_inputs(zoo) for zoo in zoos)
    assert {key: sorted(paths) for key, paths in first.items()} == {
        key: sorted(paths) for key, paths in second.items()
    }


def test_every_figure_and_table_has_its_caption() -> None:
    for folder, names in (("figures", planning.FIGURES), ("tables", planning.TABLES)):
        assert {path.stem for path in (CAPTIONS / folder).glob("*.rst")} == set(names)
    assert list(planning.FIGURES) == FIGURES
    assert set(planning.TABLES) | {"sets"} == set(TABLES)
