"""Writes one task from a table of labels that has a row for each unit of a corpus."""

from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, existing_file, parser, run
from workflow_scripts.common.task_file import write_task
from workflow_scripts.common.units_file import read_units
from workflow_scripts.tables.labelled_table import class_counts, read_labelled_table, table_task


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, the table and the units; write the task."""
    flags = parser(__doc__)
    flags.add_argument("--table", type=existing_file, required=True, help="row i is unit i")
    flags.add_argument("--units", type=existing_file, required=True, help="of the corpus, .parquet")
    flags.add_argument("--target", required=True, help="the column that is predicted")
    flags.add_argument("--split", help="the column of splits [default: dev and test are drawn]")
    flags.add_argument("--group", help="the column of what splits must not tear apart")
    flags.add_argument("--metric", help="[default: accuracy of classes, Pearson's r of numbers]")
    for part in ("dev", "test"):
        flags.add_argument(
            f"--{part}-fraction", type=float, default=0.2, help="share of the groups, if drawn"
        )
    flags.add_argument("--seed", type=int, default=0, help="of what is drawn")
    flags.add_argument("--output", type=Path, required=True, help="the task, .parquet")
    arguments = flags.parse_args(argv)
    table = read_labelled_table(arguments.table)
    groups = read_units(arguments.units).group
    corpus = arguments.units.name.removesuffix(".units.parquet")
    if len(table) != len(groups):
        raise UserError(
            f"{arguments.table} has {len(table):,} rows, the corpus {corpus} has {len(groups):,} "
            "units; row i must be the label of unit i"
        )
    task = table_task(
        table,
        arguments.table,
        corpus,
        groups,
        arguments.target,
        arguments.split,
        arguments.group,
        {"dev": arguments.dev_fraction, "test": arguments.test_fraction},
        arguments.seed,
        arguments.metric,
    )
    write_task(arguments.output, task)
    kind = f"{len(task.labels)} classes" if task.labels else "values"
    found(f"{kind} of {arguments.target}; units: {', '.join(class_counts(task))}")


if __name__ == "__main__":
    run(main)
