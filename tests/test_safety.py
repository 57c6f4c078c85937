"""What comes from strangers is read and never run: weights, archives, downloads, names, paths."""

import ast
import hashlib
import io
import json
import re
import shlex
import tarfile
from http.client import HTTPMessage
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request

import pandas as pd
import pytest
import torch
from tiny_models import build_tiny_model
from torchvision.datasets import CIFAR100
from workspace import ROOT, Workspace

from workflow_scripts.common.download import SafeRedirects
from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.agents import fetch_cifar100
from workflow_scripts.kinds.text.public_data import FILES, HUB
from workflow_scripts.kinds.text.text_model import load_text_model

SOURCES = sorted([*ROOT.glob("workflow_scripts/**/*.py"), *ROOT.glob("benchmarks/*.py")])
RULES = sorted(ROOT.glob("rules/*.smk"))
CPU = torch.device("cpu")


# Code.


def calls(path: Path) -> list[tuple[str, dict[str, Any]]]:
    """Every call in a file: what is called, and its flags that are constants."""
    return [
        (
            ast.unparse(node.func),
            {
                one.arg: one.value.value
                if isinstance(one.value, ast.Constant)
                else ast.unparse(one.value)
                for one in node.keywords
                if one.arg
            },
        )
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]


def unsafe(call: str, flags: dict[str, Any]) -> bool:
    """Whether a call may run what a file or a text holds."""
    function = call.rpartition(".")[2]
    return (
        (call == "torch.load" and flags.get("weights_only") is not True)
        or (call in ("np.load", "numpy.load") and flags.get("allow_pickle", False) is not False)
        or (function == "extractall" and flags.get("filter") != "data")
        or call in ("eval", "exec", "os.system", "os.popen", "yaml.load", "yaml.unsafe_load")
        or re.match(r"(pickle|joblib|dill|cloudpickle)\.loads?$", call) is not None
        or function == "read_pickle"
        or flags.get("shell", False) is not False
        or flags.get("trust_remote_code") is True
        or (function == "compose" and flags.get("Loader") != "yaml.SafeLoader")
    )


@pytest.mark.parametrize(
    "line",
    [
        "torch.load(path)",
        "torch.load(path, weights_only=flag)",
        "np.load(path, allow_pickle=True)",
        "archive.extractall(folder)",
        "pickle.load(file)",
        "yaml.load(text, Loader=yaml.SafeLoader)",
        "subprocess.run(command, shell=True)",
        "AutoModel.from_pretrained(folder, trust_remote_code=True)",
    ],
)
def test_the_search_for_unsafe_calls_finds_them(tmp_path: Path, line: str) -> None:
    (tmp_path / "code.py").write_text(line, encoding="utf-8")
    assert any(unsafe(*call) for call in calls(tmp_path / "code.py"))


def test_no_code_of_ours_runs_what_it_reads() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {call[0]}"
        for path in SOURCES
        for call in calls(path)
        if unsafe(*call)
    ]
    assert len(SOURCES) > 150
    assert found == []


# Checkpoints.


class Trap:
    """Makes a file when it is unpickled by a reader that trusts it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


@pytest.fixture(scope="module")
def bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "bert"
    build_tiny_model("bert-uncased", folder)
    return folder


def test_a_pickle_of_a_stranger_is_not_run(bert: Path, tmp_path: Path) -> None:
    for path in bert.iterdir():
        if path.suffix != ".safetensors":
            (tmp_path / path.name).write_bytes(path.read_bytes())
    trap = tmp_path / "pwned"
    torch.save({"embeddings.weight": Trap(trap)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(UserError, match="transformers cannot load the network") as refusal:
        load_text_model(tmp_path, CPU)
    assert "\n" not in str(refusal.value)
    assert not trap.exists()
    # The trap works.
    torch.load(tmp_path / "pytorch_model.bin", weights_only=False)
    assert trap.exists()


def test_code_of_a_stranger_runs_only_where_it_is_trusted(bert: Path, tmp_path: Path) -> None:
    folder = tmp_path / "theirs"
    folder.mkdir()
    for path in bert.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    trap = tmp_path / "pwned"
    (folder / "theirs.py").write_text(
        "from pathlib import Path\nfrom transformers import BertConfig, BertModel\n"
        f"Path({str(trap)!r}).touch()\n"
        "class Config(BertConfig):\n    model_type = 'theirs'\n"
        "class Model(BertModel):\n    config_class = Config\n",
        encoding="utf-8",
    )
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    auto_map = {"AutoConfig": "theirs.Config", "AutoModel": "theirs.Model"}
    config |= {"model_type": "theirs", "auto_map": auto_map}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(UserError, match="Python code of its own; read it, and say trust_remote"):
        load_text_model(folder, CPU)
    assert not trap.exists()
    load_text_model(folder, CPU, trust_remote_code=True)
    assert trap.exists()


# Downloads.


def member(name: str, link: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    if link:
        made.type, made.linkname = tarfile.SYMTYPE, link
    return made


@pytest.mark.parametrize(
    "first",
    [member("../pwned"), member("cifar-100-python/a/../../../pwned"), member("in", "/etc")],
    ids=["above", "above by a way round", "absolute link"],
)
def test_an_archive_writes_nothing_outside_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: tarfile.TarInfo
) -> None:
    """Even one whose checksum is right; it is in the folder, as after a download."""
    folder = tmp_path / "cifar"
    folder.mkdir()
    path = folder / CIFAR100.filename
    with tarfile.open(path, "w:gz") as archive:
        archive.addfile(first, io.BytesIO())
    monkeypatch.setattr(CIFAR100, "tgz_md5", hashlib.md5(path.read_bytes()).hexdigest())
    with pytest.raises(UserError, match="CIFAR-100 could not be downloaded") as refusal:
        fetch_cifar100.main(["--folder", str(folder)])
    assert "\n" not in str(refusal.value)
    assert [path.name for path in tmp_path.rglob("*")] == ["cifar", CIFAR100.filename]


def test_every_address_is_encrypted_and_has_a_checksum_or_gets_one() -> None:
    addresses = [address for file in FILES.values() for address in file.addresses]
    assert all(one.startswith("https://") for one in [*addresses, HUB, CIFAR100.url])
    published = [file.sha256 for file in FILES.values() if file.sha256]
    assert all(re.fullmatch(r"[0-9a-f]{64}", one) for one in published)
    # Of one no checksum is published; the first download's is recorded and held to
    # (tests/test_fetch_data.py).
    assert len(published) == len(FILES) - 1


def test_no_redirection_leaves_the_encryption() -> None:
    def follow(address: str, to: str) -> Request | None:
        request = Request(address)
        return SafeRedirects().redirect_request(request, io.BytesIO(), 302, "", HTTPMessage(), to)

    with pytest.raises(URLError, match="not encrypted"):
        follow("https://a.org/x", "http://a.org/x")
    followed = follow("https://a.org/x", "https://b.org/x")
    assert followed is not None
    assert followed.full_url == "https://b.org/x"
    assert follow("http://127.0.0.1/x", "http://127.0.0.1/y") is not None


# Shells.

# What no text of the config can be: numbers, digests, and names of a fixed few.
NUMBERS_AND_FEW = {
    "params.fits_code",
    "params.sums_code",
    "wildcards.corpus",
    "wildcards.k",
    "params.classes",
    "params.jitter",
    "params.picks",
    "params.sizes",
    "resources.mem_mb",
}


def shell_commands(path: Path) -> list[str]:
    """The text of every shell command of a file of rules."""
    texts = re.findall(
        r"^    shell:\n((?: {8}.*\n)+)", path.read_text(encoding="utf-8"), re.MULTILINE
    )
    return [ast.literal_eval(f"({text})") for text in texts]


@pytest.mark.parametrize("path", RULES, ids=lambda path: path.stem)
def test_whatever_the_config_can_say_is_quoted_in_every_command(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    commands = shell_commands(path)
    assert len(commands) == len(re.findall(r"^    shell:", text, re.MULTILINE))
    for command in commands:
        for field in re.findall(r"\{([^{}]*)\}", command):
            assert field.endswith(":q") or field in NUMBERS_AND_FEW, (field, command)
            assert field != "wildcards.corpus" or '"probe|tasks|agents"' in text


# A folder in whose name a shell that is told it without quotes finds a command; and the part of it
# that can be in the name of a checkpoint.
NAME = 'it\'s $(touch pwned); `touch pwned` "x" & y | z > pwned'
FOLDER = f"{NAME}\n{NAME}"
CONFIG = {
    "modality": "text",
    "checkpoints": {
        NAME: {"kind": "folder", "path": f"{FOLDER}/0"},
        "ant": {"kind": "folder", "path": f"{FOLDER}/1"},
    },
    "probe": {"source": "text", "file": f"{FOLDER}/probe.txt"},
    "other_probes": {"more": {"source": "text", "file": f"{FOLDER}/probe.txt"}},
    "tasks": {"tags": {"format": "tagged", "train": f"{FOLDER}/task.tsv"}},
    "selection": {
        "sizes": [1],
        "methods": {
            "mmi": {"groups": {NAME: [NAME]}, "most_per_group": 1},
            "random": {"draws": 2},
            "single": {"picks": [NAME]},
            "expected_risk": None,
            "peek": {"task": "tags"},
        },
    },
}


@pytest.fixture(scope="module")
def nasty(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A zoo whose names and paths, the workflow's own too, are commands to a shell."""
    place = tmp_path_factory.mktemp("nasty") / NAME.replace("/", "")
    workspace = Workspace.copy_to(place / "taskspace")
    folder = workspace.folder / FOLDER
    folder.mkdir()
    (folder / "probe.txt").write_text("one sentence of words\n" * 9, encoding="utf-8")
    lines = [f"word{number}\tnoun\nis{number}\tverb\n" for number in range(20)]
    (folder / "task.tsv").write_text("\n".join(lines), encoding="utf-8")
    files = {"config.json": '{"model_type": "bert"}', "model.safetensors": "", "vocab.txt": ""}
    for number in range(2):
        (folder / str(number)).mkdir()
        for name, content in files.items():
            (folder / str(number) / name).write_text(content, encoding="utf-8")
    workspace.write_config({"zoos": {"mine": CONFIG}})
    return workspace


def test_names_and_paths_reach_every_command_as_they_are(nasty: Workspace) -> None:
    result = nasty.snakemake("-n", "-p", timeout=60)
    assert result.returncode == 0, result.stderr
    said = result.stdout + result.stderr
    commands = re.findall(r"Shell command: (python .*? 2>&1)\n", said, re.DOTALL)
    assert len(commands) > 20
    words: set[str] = set()
    for command in commands:
        # As a shell cuts it: what is not quoted is a word, or one of these.
        lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        cut = list(lexer)
        operators = {one for one in cut if one and not set(one) - set("();<>|&")}
        assert operators <= {">", ">&", "((", "))"}, command
        words |= set(cut)
    assert {NAME, f"{FOLDER}/probe.txt", f"{FOLDER}/task.tsv", f"{FOLDER}/0"} <= words


def test_jobs_with_such_names_and_paths_run_and_nothing_else_does(nasty: Workspace) -> None:
    wanted = ["corpora/probe.txt", "tasks/tags.parquet", "selections/random.csv"]
    wanted += ["selections/single.csv", "checkpoints/ant/checkpoint.json"]
    result = nasty.snakemake("--cores", "2", *(f"results/mine/{one}" for one in wanted), timeout=90)
    assert result.returncode == 0, result.stdout + result.stderr
    results = nasty.folder / "results/mine"
    assert pd.read_csv(results / "selections/single.csv")["checkpoint"].tolist() == [NAME]
    card = json.loads((results / "checkpoints/ant/checkpoint.json").read_text(encoding="utf-8"))
    assert card["source"] == f"{FOLDER}/1"
    assert not [path for path in nasty.folder.parents[1].rglob("pwned") if path.is_file()]
