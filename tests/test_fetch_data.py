"""Public data: downloaded, resumed, verified, unpacked, or refused in one sentence."""

import gzip
import hashlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pytest
from hub_server import HubServer
from pyarrow.parquet import write_table

from workflow_scripts.common import download, retry
from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text import fetch_file
from workflow_scripts.kinds.text.public_data import FILES, PublicFile

TEXT = b"".join(b"word%d NN B-NP\n" % number for number in range(20_000))
SHA256 = hashlib.sha256(TEXT).hexdigest()


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.setattr(retry, "DELAYS", (0.0,) * 4)
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / "train.txt").write_bytes(TEXT)
    (folder / "train.txt.gz").write_bytes(gzip.compress(TEXT))
    with HubServer(folder) as running:
        yield running


def output_in(tmp_path: Path) -> Path:
    return tmp_path / "downloads" / "train.txt"


def fetch(server: HubServer, tmp_path: Path, *names: str, sha256: str | None = SHA256) -> Path:
    addresses = tuple(f"{server.url}/{name}" for name in names or ("train.txt",))
    output = output_in(tmp_path)
    fetch_file.fetch(PublicFile(addresses, sha256), output)
    return output


def parquet(rows: list[str], column: str = "text") -> bytes:
    buffer = io.BytesIO()
    write_table(pyarrow.table({column: rows}), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("name", ["train.txt", "train.txt.gz"])
def test_a_file_is_downloaded_verified_and_unpacked(
    server: HubServer, tmp_path: Path, name: str
) -> None:
    output = fetch(server, tmp_path, name)
    assert output.read_bytes() == TEXT
    assert [path.name for path in output.parent.iterdir()] == ["train.txt"]
    assert server.requests == [f"GET /{name}"]


def test_the_rows_of_a_parquet_are_lines(server: HubServer, tmp_path: Path) -> None:
    content = parquet(["", " = Title = \n", " a <unk> word \u2028 more \n"])
    (server.folder / "train.parquet").write_bytes(content)
    output = fetch(server, tmp_path, "train.parquet", sha256=hashlib.sha256(content).hexdigest())
    assert output.read_bytes() == "\n = Title = \n a <unk> word \u2028 more \n".encode()


def test_a_dropped_connection_is_gone_on_with(server: HubServer, tmp_path: Path) -> None:
    server.cut["train.txt"] = 100_000
    assert fetch(server, tmp_path).read_bytes() == TEXT
    assert server.requests == ["GET /train.txt", "GET /train.txt from 100000"]


def test_a_later_run_goes_on_where_one_was_killed(server: HubServer, tmp_path: Path) -> None:
    server.cut["train.txt"] = 100_000
    kept = tmp_path / "train.txt"
    with pytest.raises(ConnectionError, match=r"ended after 100000 of \d+ bytes"):
        download._go_on(f"{server.url}/train.txt", tmp_path / ".train.txt.part")
    download.download(f"{server.url}/train.txt", kept)
    assert kept.read_bytes() == TEXT
    assert server.requests[1:] == ["GET /train.txt from 100000"]


def test_a_server_without_parts_sends_all_again(server: HubServer, tmp_path: Path) -> None:
    server.cut["train.txt"], server.ranges = 100_000, False
    assert fetch(server, tmp_path).read_bytes() == TEXT


def test_a_part_that_is_too_long_is_thrown_away(server: HubServer, tmp_path: Path) -> None:
    (tmp_path / ".train.txt.part").write_bytes(TEXT + b"more")
    download.download(f"{server.url}/train.txt", tmp_path / "train.txt")
    assert (tmp_path / "train.txt").read_bytes() == TEXT


def test_a_busy_server_is_asked_again(server: HubServer, tmp_path: Path) -> None:
    server.fail_first = 4
    assert fetch(server, tmp_path).read_bytes() == TEXT


def test_a_server_that_stays_down_is_asked_five_times(server: HubServer, tmp_path: Path) -> None:
    server.fail_first = 100
    with pytest.raises(UserError, match=r"train\.txt \(the server answers 503 .*try again"):
        fetch(server, tmp_path)
    assert len(server.requests) == 5


def test_a_file_that_is_not_there_is_asked_for_once(server: HubServer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"gone\.txt \(the server answers 404"):
        fetch(server, tmp_path, "gone.txt")
    assert len(server.requests) == 1


def test_the_next_address_is_taken_where_one_fails(server: HubServer, tmp_path: Path) -> None:
    (server.folder / "other.txt").write_bytes(TEXT.upper())
    assert fetch(server, tmp_path, "gone.txt", "other.txt", "train.txt.gz").read_bytes() == TEXT


def test_all_addresses_that_failed_are_named(server: HubServer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"/gone\.txt \(.*404.*\) or .*/lost\.txt \(.*404"):
        fetch(server, tmp_path, "gone.txt", "lost.txt")


def test_without_a_network_the_way_out_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry, "DELAYS", (0.0,))
    file = PublicFile(("http://127.0.0.1:9/train.txt",), SHA256)
    with pytest.raises(UserError, match=r"\(no connection: .*refused\); try again where there is"):
        fetch_file.fetch(file, output_in(tmp_path))


def test_a_wrong_checksum_is_refused_and_nothing_is_kept(server: HubServer, tmp_path: Path) -> None:
    server.spoilt.add("train.txt")
    with pytest.raises(UserError, match=rf"the sha256 is \w+, but {SHA256} is published"):
        fetch(server, tmp_path)
    assert [*output_in(tmp_path).parent.iterdir()] == []
    server.spoilt.clear()
    assert fetch(server, tmp_path).read_bytes() == TEXT


def test_the_first_checksum_is_recorded_and_held_to(server: HubServer, tmp_path: Path) -> None:
    output = fetch(server, tmp_path, sha256=None)
    record = output.with_name("train.txt.sha256")
    assert record.read_text() == f"{SHA256}\n"
    output.unlink()
    assert fetch(server, tmp_path, sha256=None).read_bytes() == TEXT
    output.unlink()
    (server.folder / "train.txt").write_bytes(TEXT.upper())
    with pytest.raises(UserError, match=rf"{SHA256}, says {re.escape(str(record))}: delete that"):
        fetch(server, tmp_path, sha256=None)
    assert not output.exists()
    record.unlink()
    assert fetch(server, tmp_path, sha256=None).read_bytes() == TEXT.upper()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("page.gz", b"<html>log in</html>", "no gzip file"),
        ("short.gz", gzip.compress(TEXT)[:-9], "no gzip file"),
        ("page.parquet", b"<html>log in</html>", "no column of text"),
        ("words.parquet", parquet(["a"], "words"), "no column of text"),
    ],
)
def test_what_cannot_be_unpacked_is_refused_and_not_recorded(
    server: HubServer, tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (server.folder / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        fetch(server, tmp_path, name, sha256=None)
    assert [*output_in(tmp_path).parent.iterdir()] == []


def test_a_folder_that_cannot_be_written_is_said(server: HubServer, tmp_path: Path) -> None:
    (tmp_path / "downloads").write_text("a file")
    with pytest.raises(UserError, match=r"train\.txt: the file cannot be written"):
        fetch(server, tmp_path)


def test_the_script_takes_the_hubs_mirror(server: HubServer, tmp_path: Path) -> None:
    content = parquet([" = Title = \n", "some words \n"])
    (address,) = FILES["wikitext-2.txt"].addresses
    _, repository, name = re.split(r"/datasets/|/resolve/[0-9a-f]{40}/", address)
    path = server.folder / "datasets" / repository / name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    output = tmp_path / "downloads" / "wikitext-2.txt"
    root = Path(fetch_file.__file__).parents[2]
    subprocess.run(
        [sys.executable, "-m", "workflow_scripts.kinds.text.fetch_file"]
        + ["--name", "wikitext-2.txt", "--output", str(output)],
        env=os.environ | {"HF_ENDPOINT": f"{server.url}/", "PYTHONPATH": str(root)},
        check=True,
    )
    assert output.read_text() == " = Title = \nsome words \n"


def test_the_register_is_well_formed() -> None:
    for name, file in FILES.items():
        assert not Path(name).is_absolute() and Path(name).suffix in (".txt", ".conllu")
        assert file.addresses
        for address in file.addresses:
            # Held to a checksum, or at a commit that cannot change.
            assert address.startswith("https://")
            assert file.sha256 or re.search(r"/[0-9a-f]{40}/", address)
        assert file.sha256 is None or re.fullmatch("[0-9a-f]{64}", file.sha256)
    assert len({file.sha256 for file in FILES.values()}) == len(FILES)
