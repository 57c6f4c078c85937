"""How long Snakemake plans where there are many checkpoints, and how much memory that takes."""

import pytest

from benchmarks.large_zoos import ROOT, planning_cost, plans


@pytest.mark.parametrize(("plan", "longest"), [("paper", 20), ("1000 at 5 sizes", 60)])
def test_large_zoos_are_planned_within_a_minute(plan: str, longest: float) -> None:
    zoos = plans()[plan]
    tasks = [zoo["tasks"] for zoo in zoos.values() if zoo["modality"] == "agents"]
    assert [one["count"] for one in tasks] == [20]
    jobs, seconds, megabytes = planning_cost(zoos, ROOT)
    print(f"{jobs:,} jobs, {seconds:.1f} CPU seconds, {megabytes:.0f} MB")
    assert seconds < longest
    assert megabytes < 2000
