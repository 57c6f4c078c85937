"""Takes the covariance of a zoo's checkpoints from one that there is already."""

import difflib
import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workflow_scripts.common.covariance_file import Covariance, write_covariance
from workflow_scripts.common.covariance_input import NamedMatrix, as_correlation, read_matrix
from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.covariance.diagnostics import on_duplicates

log = logging.getLogger(__name__)


def sub_matrix(matrix: NamedMatrix, names: Sequence[str]) -> NamedMatrix:
    """The rows and columns of the named checkpoints, sorted by name.

    Raises:
        UserError: if some are not in the matrix, with names in it that are like theirs.
    """
    missing = sorted(set(names) - set(matrix.names))
    if missing:
        hints = ", ".join(_hints(missing, matrix))
        raise UserError(
            f"the covariance has no row for {hints}; mend the names of the checkpoints, or leave "
            "them out"
        )
    rows = [matrix.names.index(name) for name in sorted(names)]
    return NamedMatrix(sorted(names), matrix.values[np.ix_(rows, rows)])


def _hints(missing: list[str], matrix: NamedMatrix) -> list[str]:
    hints = []
    for name in missing:
        near = difflib.get_close_matches(name, matrix.names)
        hints.append(f"{name} (did you mean {' or '.join(near)}?)" if near else name)
    return hints


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and the covariance, check it, write the part that is wanted."""
    flags = parser(__doc__)
    flags.add_argument(
        "--covariance", type=Path, required=True, help="κ: .npz, .npy with --names, or .csv"
    )
    flags.add_argument("--names", type=Path, help="names of the rows of a .npy, one a line")
    flags.add_argument("--checkpoints", nargs="+", required=True, help="those of the zoo")
    flags.add_argument("--output", type=Path, required=True, help="the covariance, .npz")
    arguments = flags.parse_args(argv)

    whole = read_matrix(arguments.covariance, arguments.names)
    try:
        part = as_correlation(sub_matrix(whole, arguments.checkpoints))
    except UserError as error:
        raise UserError(f"{arguments.covariance}: {error}") from error
    notes = on_duplicates(part.names, part.values)
    for note in notes:
        log.warning("%s", note)
    write_covariance(arguments.output, Covariance(part.names, part.values, 0, "precomputed", notes))
    found(
        f"{len(part.names)} checkpoints out of {len(whole.names)}; "
        f"smallest eigenvalue {np.linalg.eigvalsh(part.values)[0]:.4g}"
    )


if __name__ == "__main__":
    run(main)
