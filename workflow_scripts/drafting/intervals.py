"""Whether the report will give intervals, which take several tasks and random sets."""

from workflow_scripts.common.zoos import Zoo
from workflow_scripts.selection.settings import RandomSettings


def least_of_interval() -> int:
    """How many tasks, and how many random sets of each size, an interval takes."""
    # It imports scipy.stats, which takes longer than all else here.
    from workflow_scripts.report.bootstrap import LEAST

    return LEAST


def why_no_interval(zoo: Zoo) -> str:
    """Why no gain will have an interval; empty if they will, or there are no scores."""
    tasks, least = len(zoo.task_names), least_of_interval()
    methods = zoo.selection.methods.values()
    sets = sum(one.draws for one in methods if isinstance(one, RandomSettings))
    if not tasks or min(tasks, sets) >= least:
        return ""
    return (
        f"scores will have no intervals, which take {least} tasks and {least} random sets of each "
        f"size: here are {tasks} and {sets}"
    )
