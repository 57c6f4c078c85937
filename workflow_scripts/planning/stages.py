"""The stage that each rule belongs to; kinds say it of their own."""

from workflow_scripts.kinds.kind import OWN_STAGES
from workflow_scripts.kinds.registry import KINDS

SHARED = {
    "covariance": (
        "estimate_covariance",
        "import_covariance",
        "resample_covariance",
        "score_quality",
    ),
    "selection": ("select", "measure_stability"),
    "evaluation": (
        "evaluate",
        "evaluate_singles",
        "select_forward",
        "score_transferability",
        "gather_scores",
    ),
}
# Everything else draws, tabulates or reports.
REPORT = "report"
STAGES = (*OWN_STAGES, *SHARED, REPORT)


def stage_of_rule() -> dict[str, str]:
    """The stage of every rule before the report, in the order of the stages."""
    stages: dict[str, str] = {}
    for stage in OWN_STAGES:
        for kind in KINDS:
            stages |= dict.fromkeys(kind.stages[stage], stage)
    for stage, rules in SHARED.items():
        stages |= dict.fromkeys(rules, stage)
    return stages
