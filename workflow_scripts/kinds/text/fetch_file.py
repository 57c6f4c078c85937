"""Downloads a file of public text or of a task, verifies and unpacks it.

Addresses and checksums are in public_data.py beside this file. HF_ENDPOINT names a mirror of
the Hugging Face hub, where a file is from there.
"""

import gzip
import hashlib
import logging
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

from workflow_scripts.common.atomic import atomic_path
from workflow_scripts.common.download import DownloadError, download
from workflow_scripts.common.facts import found
from workflow_scripts.common.script import UserError, parser, run
from workflow_scripts.kinds.text.public_data import FILES, HUB, PublicFile

log = logging.getLogger(__name__)


def fetch(file: PublicFile, output: Path) -> None:
    """Write a public file, from the first of its addresses that has it as it should be.

    Raises:
        UserError: naming what is wrong with each address.
    """
    failures = []
    for address in file.addresses:
        where = address.replace(HUB, os.environ.get("HF_ENDPOINT", HUB).rstrip("/"), 1)
        try:
            return _fetch_from(where, file.sha256, output)
        except DownloadError as error:
            log.warning("%s: %s", where, error)
            failures.append(f"{where} ({error})")
        except OSError as error:
            raise UserError(f"{output}: the file cannot be written ({error.strerror})") from error
    raise UserError(
        f"{output} could not be downloaded from {' or '.join(failures)}; try again where there is "
        "a network, or put the file there yourself"
    )


def _fetch_from(address: str, published: str | None, output: Path) -> None:
    record = output.with_name(f"{output.name}.sha256")
    kept = output.with_name(f".{output.name}-{address.rpartition('/')[2]}")
    download(address, kept)
    content = kept.read_bytes()
    kept.unlink()
    if address.endswith(".gz"):
        content = _unzipped(content)
    sha256 = hashlib.sha256(content).hexdigest()
    _verify(sha256, published, record)
    text = _column_text(content) if address.endswith(".parquet") else content
    if published is None:
        with atomic_path(record) as temporary:
            temporary.write_text(f"{sha256}\n", encoding="ascii")
    # Last, so that what is there has its checksum on record.
    with atomic_path(output) as temporary:
        temporary.write_bytes(text)


def _unzipped(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise DownloadError(f"what the server sends is no gzip file: {error}") from error


def _verify(found: str, published: str | None, record: Path) -> None:
    """Compare a checksum with the published one, or with the first download's."""
    if published is not None and found != published:
        raise DownloadError(f"the sha256 is {found}, but {published} is published")
    if published is None and record.exists():
        recorded = record.read_text(encoding="ascii").strip()
        if found != recorded:
            raise DownloadError(
                f"the sha256 is {found}, but the first download's was {recorded}, says {record}: "
                "delete that file if the change is meant"
            )


def _column_text(parquet: bytes) -> bytes:
    """The column ``text``, a line a row."""
    import pyarrow
    from pyarrow.parquet import ParquetFile

    try:
        # Without threads, because one that still runs when the script ends may abort it.
        file = ParquetFile(pyarrow.BufferReader(parquet), pre_buffer=False)
        rows = file.read(columns=["text"], use_threads=False)["text"].to_pylist()
    except (pyarrow.ArrowException, KeyError) as error:
        raise DownloadError(f"what the server sends has no column of text: {error}") from error
    return "".join(row.rstrip("\n") + "\n" for row in rows).encode()


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and download."""
    flags = parser(__doc__)
    flags.add_argument("--name", choices=FILES, required=True, help="of the file")
    flags.add_argument("--output", type=Path, required=True, help="gets the text")
    arguments = flags.parse_args(argv)
    fetch(FILES[arguments.name], arguments.output)
    found(f"{arguments.output.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    run(main)
