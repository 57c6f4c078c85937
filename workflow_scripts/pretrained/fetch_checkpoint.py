"""Fetches a checkpoint from the Hugging Face hub at one commit, and verifies every file.

Only what the model and its tokenizer or image processor are loaded from is fetched; from then on no
network is needed. Files that are complete are kept, so that a second run goes on where the first
broke off. The card is written last, as the proof that all is there. HF_ENDPOINT names a mirror of
the hub, HF_TOKEN is the token for checkpoints that are not open to all.
"""

import errno
import logging
import os
import shutil
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from httpx2 import HTTPError, TransportError, UnsupportedProtocol
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils.sha import git_hash
from huggingface_hub.utils.tqdm import disable_progress_bars

from workflow_scripts.common.checkpoint_card import CheckpointCard, write_card
from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.facts import found
from workflow_scripts.common.retry import first_line, with_retries
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.pretrained.checkpoint_files import (
    CONFIG,
    Preprocessor,
    add_preprocessor,
    check_code,
    check_contents,
    missing_parts,
    needed_files,
    needed_paths,
)
from workflow_scripts.pretrained.model_details import described, pretrained_card

log = logging.getLogger(__name__)

LOOK_UP_TIMEOUT = 30.0  # seconds; for downloads the library has HF_HUB_DOWNLOAD_TIMEOUT
_KEPT = ", the files that are complete are kept"


@dataclass(frozen=True)
class Preview:
    """What :func:`fetch` would fetch.

    Attributes:
        commit: that the revision is at.
        sizes: of the files in bytes, by name.
    """

    commit: str
    sizes: dict[str, int]


def fetch(
    checkpoint: str,
    repository: str,
    revision: str,
    trust_remote_code: bool,
    folder: Path,
    preprocessor: Preprocessor = "tokenizer",
) -> CheckpointCard:
    """Fetch what is needed of a repository of the hub, and say what it is.

    Args:
        repository: its id on the hub.
        revision: branch, tag or commit.
        folder: gets the files. Those of another revision that would be loaded too are removed.
        preprocessor: what prepares its input.

    Raises:
        UserError: if there is no such checkpoint, it lacks something, or it cannot be fetched.
    """
    # The library reads the variable only when it is imported.
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    with _explained(api.endpoint, repository, revision, _KEPT):
        commit, files, needed = _look_up_needed(
            api, repository, revision, trust_remote_code, preprocessor, _may_pass
        )
        folder.mkdir(parents=True, exist_ok=True)
        for path in needed_paths(folder, trust_remote_code=False, preprocessor=preprocessor):
            if path.name not in needed:
                path.unlink()
        waiting = [name for name in needed if not _is_complete(folder / name, files[name])]
        _check_space(folder, sum(files[name].size or 0 for name in waiting))
        for name in waiting:
            _fetch_file(api, repository, commit, files[name], folder)
    check_contents(folder, needed)
    if trust_remote_code:
        check_code(folder)
    shutil.rmtree(folder / ".cache", ignore_errors=True)  # the library's own notes
    return pretrained_card(
        checkpoint,
        "hub",
        repository,
        commit,
        folder,
        {name: _sha256(folder / name, files[name]) for name in needed},
        trust_remote_code,
    )


def preview(
    repository: str,
    revision: str,
    trust_remote_code: bool,
    folder: Path,
    preprocessor: Preprocessor = "tokenizer",
) -> Preview:
    """What :func:`fetch` would fetch. Somebody waits: a host without an address is tried once.

    Args:
        folder: gets the configuration, which is all that is downloaded.
        preprocessor: what prepares its input.

    Raises:
        UserError: as :func:`fetch` does.
    """
    api = HfApi(endpoint=os.environ.get("HF_ENDPOINT"))
    with _explained(api.endpoint, repository, revision, kept=""):
        commit, files, needed = _look_up_needed(
            api,
            repository,
            revision,
            trust_remote_code,
            preprocessor,
            lambda error: _may_pass(error) and not _has_no_address(error),
        )
        _fetch_file(api, repository, commit, files[CONFIG], folder)
    return Preview(commit, {name: files[name].size or 0 for name in needed})


def _look_up_needed(
    api: HfApi,
    repository: str,
    revision: str,
    trust_remote_code: bool,
    preprocessor: Preprocessor,
    may_pass: Callable[[Exception], bool],
) -> tuple[str, dict[str, RepoSibling], list[str]]:
    """The commit of a revision, its files, and the names of those that are needed."""
    commit, files = _look_up(api, repository, revision, may_pass)
    needed = needed_files(files, trust_remote_code, preprocessor)
    if missing := missing_parts(needed, preprocessor):
        raise UserError(
            f"{repository} at {revision} lacks {' and '.join(missing)}; name a checkpoint that "
            "transformers can load in PyTorch"
        )
    return commit, files, needed


def _look_up(
    api: HfApi, repository: str, revision: str, may_pass: Callable[[Exception], bool]
) -> tuple[str, dict[str, RepoSibling]]:
    """The commit that a revision is at, and the files there by name, with sizes and checksums."""
    info = with_retries(
        lambda: api.model_info(
            repository, revision=revision, files_metadata=True, timeout=LOOK_UP_TIMEOUT
        ),
        may_pass,
        repository,
    )
    if info.sha is None:
        raise ValueError("the answer names no commit")
    return info.sha, {file.rfilename: file for file in info.siblings or []}


def _fetch_file(api: HfApi, repository: str, commit: str, file: RepoSibling, folder: Path) -> None:
    """Download one file, going on after a broken connection, and verify it."""
    name = file.rfilename
    log.info("%s: fetching %s (%.1f MB)", repository, name, (file.size or 0) / 1e6)
    # The library would take a file for complete whose name and commit are right.
    (folder / name).unlink(missing_ok=True)
    with_retries(
        lambda: api.hf_hub_download(repository, name, revision=commit, local_dir=folder),
        _may_pass,
        f"{repository}: {name}",
    )
    if not _is_complete(folder / name, file):
        (folder / name).unlink()
        raise UserError(
            f"{repository}: {name} is not what the hub's checksum says, so it was removed; run "
            "again, and if it stays so, look at the network's proxy or the mirror in HF_ENDPOINT"
        )


def _is_complete(path: Path, file: RepoSibling) -> bool:
    """Whether a file is there, with the size and the checksum that the hub says it has."""
    if not path.is_file() or file.size not in (None, path.stat().st_size):
        return False
    if file.lfs is not None:
        return file_digest(path) == file.lfs.sha256
    return file.blob_id is None or git_hash(path.read_bytes()) == file.blob_id


def _sha256(path: Path, file: RepoSibling) -> str:
    """Of a complete file; that of large ones is known."""
    return file_digest(path) if file.lfs is None else file.lfs.sha256


def _check_space(folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise UserError(
            f"{folder}: the disk has {free / 1e9:.1f} GB free, but {needed / 1e9:.1f} GB are to "
            "be fetched; make room, or put the results on another disk"
        )


def _cause(error: Exception) -> Exception:
    """What the library has wrapped into an error of its own."""
    if isinstance(error, LocalEntryNotFoundError) and isinstance(error.__cause__, Exception):
        return error.__cause__
    return error


def _may_pass(error: Exception) -> bool:
    error = _cause(error)
    if isinstance(error, HfHubHTTPError):
        return error.response.status_code in (408, 429) or error.response.status_code >= 500
    if isinstance(error, TransportError):
        return not isinstance(error, UnsupportedProtocol)
    # A bare OSError is the library's, for a file of the wrong size; a RuntimeError comes from
    # hf_xet, its faster way to download.
    return (type(error) is OSError and error.errno is None) or isinstance(error, RuntimeError)


def _has_no_address(error: BaseException | None) -> bool:
    """Whether the name of a host was not resolved, which the library's errors are caused by."""
    while error is not None and not isinstance(error, socket.gaierror):
        error = error.__cause__ or error.__context__
    return error is not None


@contextmanager
def _explained(endpoint: str, repository: str, revision: str, kept: str) -> Iterator[None]:
    """Turn errors of the library and of the disk into a sentence each.

    Args:
        kept: what stays of an attempt, behind the advice to run again.
    """
    try:
        yield
    except (HTTPError, OSError, ValueError, KeyError, RuntimeError) as error:
        raise UserError(_sentence(_cause(error), endpoint, repository, revision, kept)) from error


def _sentence(error: Exception, endpoint: str, repository: str, revision: str, kept: str) -> str:
    page = f"{endpoint}/{repository}"
    elsewhere = (
        "fetch it where there is a network, copy the folder here and name it with kind: folder"
    )
    match error:
        case OfflineModeIsEnabled():
            return (
                f"{repository} cannot be fetched while HF_HUB_OFFLINE is set; unset it, or "
                f"{elsewhere}"
            )
        case GatedRepoError():
            return (
                f"{repository} is gated: accept its licence on {page}, and set HF_TOKEN to a token "
                "of yours"
            )
        case RepositoryNotFoundError() | HFValidationError():
            return (
                f"there is no checkpoint {repository} on {endpoint}, or it is private; mend its "
                "id, or set HF_TOKEN to a token that may read it"
            )
        case RevisionNotFoundError():
            return (
                f"{repository} has no revision {revision}; name a branch, a tag or a commit that "
                f"{page}/tree/main offers"
            )
        case HfHubHTTPError() if error.response.status_code in (401, 403):
            return (
                f"{endpoint} refuses access to {repository} ({error.response.status_code}); set "
                f"HF_TOKEN to a valid token, and accept the licence on {page} if it has one"
            )
        case OSError() if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return f"{repository} does not fit on the disk; make room and run again{kept}"
        case _:
            return (
                f"{repository} could not be fetched from {endpoint} ({first_line(error)}); run "
                f"again{kept}, or {elsewhere}"
            )


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, fetch the files, write the card."""
    flags = parser(__doc__)
    flags.add_argument("--checkpoint", required=True, help="its name in the zoo")
    flags.add_argument("--id", required=True, help="on the hub, such as bert-base-uncased")
    flags.add_argument("--revision", default="main", help="branch, tag or commit")
    flags.add_argument(
        "--trust-remote-code", action="store_true", help="fetch Python code too, which may be run"
    )
    add_preprocessor(flags)
    flags.add_argument("--folder", type=Path, required=True, help="gets the files")
    flags.add_argument("--card", type=Path, required=True, help="what the checkpoint is, .json")
    arguments = flags.parse_args(argv)
    disable_progress_bars()
    logging.getLogger("httpx2").setLevel(logging.WARNING)  # its lines hold signed addresses
    arguments.card.unlink(missing_ok=True)
    card = fetch(
        arguments.checkpoint,
        arguments.id,
        arguments.revision,
        arguments.trust_remote_code,
        arguments.folder,
        arguments.preprocessor,
    )
    write_card(arguments.card, card)
    found(f"{card.source} at {card.revision[:12]}; {described(card)}")


if __name__ == "__main__":
    run(main)
