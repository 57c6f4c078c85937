"""Checkpoints of the hub and of folders: what is fetched, what is refused, and what the card says.

The hub is a local server of the same protocol.
"""

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import huggingface_hub
import numpy as np
import pytest
from hub_server import HubServer
from safetensors.numpy import save_file

from workflow_scripts.common import retry
from workflow_scripts.common.checkpoint_card import read_card
from workflow_scripts.common.script import UserError
from workflow_scripts.pretrained import describe_folder, fetch_checkpoint
from workflow_scripts.pretrained.checkpoint_files import (
    missing_parts,
    needed_files,
    needed_paths,
)
from workflow_scripts.pretrained.model_details import model_details, pretrained_card

BERT = {"model_type": "bert", "num_hidden_layers": 2, "hidden_size": 8}
WEIGHTS = bytes(range(256)) * 2000
TINY = {
    "config.json": json.dumps(BERT).encode(),
    "model.safetensors": WEIGHTS,
    "vocab.txt": b"[PAD]\n[UNK]\n",
    "tokenizer_config.json": b"{}",
    "README.md": b"# tiny",
    "pytorch_model.bin": b"the same again",
    "onnx/model.onnx": b"and again",
}
NEEDED = ["config.json", "model.safetensors", "tokenizer_config.json", "vocab.txt"]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    monkeypatch.setattr(retry, "DELAYS", (0.0,) * 4)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with HubServer(tmp_path / "hub") as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        # Else the library asks the real hub what to say about itself.
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_TELEMETRY", True)
        yield server


def put(hub: HubServer, repository: str, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        path = hub.folder / repository / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def fetch(tmp_path: Path, repository: str = "some/tiny", *flags: str) -> Path:
    """Run the script; the folder of the checkpoint."""
    folder = tmp_path / "checkpoints" / "tiny"
    fetch_checkpoint.main(
        ["--checkpoint", "tiny", "--id", repository, *flags]
        + ["--folder", str(folder), "--card", str(folder / "checkpoint.json")]
    )
    return folder


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# The choice of files. The listings are shortened from those of the repositories named.
LISTINGS = {
    "bert-base-uncased": (
        ".gitattributes LICENSE README.md config.json flax_model.msgpack model.onnx "
        "coreml/fill-mask/float32_model.mlpackage/Manifest.json model.safetensors "
        "pytorch_model.bin tf_model.h5 tokenizer.json tokenizer_config.json vocab.txt",
        "config.json model.safetensors tokenizer.json tokenizer_config.json vocab.txt",
    ),
    "t5-base": (
        ".gitattributes README.md config.json flax_model.msgpack generation_config.json "
        "model.safetensors pytorch_model.bin rust_model.ot spiece.model tf_model.h5 tokenizer.json",
        "config.json model.safetensors spiece.model tokenizer.json",
    ),
    "gpt2": (
        ".gitattributes 64-8bits.tflite 64-fp16.tflite 64.tflite README.md config.json "
        "flax_model.msgpack generation_config.json merges.txt model.safetensors onnx/config.json "
        "onnx/decoder_model.onnx onnx/merges.txt onnx/tokenizer.json onnx/vocab.json "
        "pytorch_model.bin tf_model.h5 tokenizer.json tokenizer_config.json vocab.json",
        "config.json merges.txt model.safetensors tokenizer.json tokenizer_config.json vocab.json",
    ),
    "xlm-mlm-en-2048": (
        ".gitattributes README.md config.json generation_config.json merges.txt model.safetensors "
        "pytorch_model.bin tf_model.h5 tokenizer.json tokenizer_config.json vocab.json",
        "config.json merges.txt model.safetensors tokenizer.json tokenizer_config.json vocab.json",
    ),
    "xlnet-base-cased without safetensors": (
        ".gitattributes README.md config.json pytorch_model.bin rust_model.ot spiece.model "
        "tf_model.h5 tokenizer.json",
        "config.json pytorch_model.bin spiece.model tokenizer.json",
    ),
    "xlm-roberta-base": (
        ".gitattributes README.md config.json flax_model.msgpack model.safetensors "
        "onnx/model.onnx onnx/sentencepiece.bpe.model onnx/tokenizer.json pytorch_model.bin "
        "sentencepiece.bpe.model tf_model.h5 tokenizer.json tokenizer_config.json",
        "config.json model.safetensors sentencepiece.bpe.model tokenizer.json "
        "tokenizer_config.json",
    ),
    "sharded safetensors beside sharded bin": (
        "config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors "
        "model.safetensors.index.json model.fp16-00001-of-00001.safetensors "
        "model.fp16.safetensors.index.json pytorch_model-00001-of-00002.bin "
        "pytorch_model-00002-of-00002.bin pytorch_model.bin.index.json tokenizer.model",
        "config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors "
        "model.safetensors.index.json tokenizer.model",
    ),
    "sharded bin": (
        "config.json pytorch_model-00001-of-00002.bin pytorch_model-00002-of-00002.bin "
        "pytorch_model.bin.index.json spiece.model tf_model.h5",
        "config.json pytorch_model-00001-of-00002.bin pytorch_model-00002-of-00002.bin "
        "pytorch_model.bin.index.json spiece.model",
    ),
    "variants, adapters, training state": (
        "config.json model.safetensors model.fp16.safetensors pytorch_model.fp16.bin "
        "adapter_model.safetensors optimizer.pt scheduler.pt training_args.bin trainer_state.json "
        "checkpoint-500/model.safetensors checkpoint-500/config.json runs/events.out.tfevents.1 "
        "consolidated.00.pth model.gguf special_tokens_map.json added_tokens.json bpe.codes "
        "vocab.txt sentence_bert_config.json modules.json 1_Pooling/config.json",
        "added_tokens.json bpe.codes config.json model.safetensors special_tokens_map.json "
        "vocab.txt",
    ),
}


@pytest.mark.parametrize("repository", LISTINGS)
def test_only_what_a_checkpoint_is_loaded_from_is_needed(repository: str) -> None:
    listing, needed = (names.split() for names in LISTINGS[repository])
    assert needed_files(listing, trust_remote_code=False) == needed
    assert needed_files(reversed(listing), trust_remote_code=True) == needed
    assert missing_parts(needed) == []


def test_code_is_needed_only_where_it_is_trusted() -> None:
    names = [
        "config.json",
        "modeling_tiny.py",
        "model.safetensors",
        "vocab.txt",
        "tests/test_it.py",
    ]
    assert "modeling_tiny.py" not in needed_files(names, trust_remote_code=False)
    assert set(needed_files(names, trust_remote_code=True)) == {*names} - {"tests/test_it.py"}


def test_the_files_of_every_tokenizer_of_transformers_are_known() -> None:
    specification = importlib.util.find_spec("transformers")
    assert specification is not None and specification.origin is not None
    names = set()
    for path in Path(specification.origin).parent.rglob("tokenization*.py"):
        for block in re.findall(r"VOCAB_FILES_NAMES = \{(.*?)\}", path.read_text(), re.DOTALL):
            names.update(re.findall(r':\s*"([^"]+)"', block))
    assert len(names) > 20
    assert names == set(needed_files(names, trust_remote_code=False))


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        ("config.json", "config.json"),
        ("model.safetensors", "weights"),
        ("vocab.txt", "a tokenizer"),
    ],
)
def test_a_missing_part_is_named(gone: str, message: str) -> None:
    names = {"config.json", "model.safetensors", "vocab.txt", "special_tokens_map.json"} - {gone}
    (missing,) = missing_parts(names)
    assert missing.startswith(message)


# Fetching.
def test_only_needed_files_are_fetched_and_the_card_describes_them(
    hub: HubServer, tmp_path: Path
) -> None:
    put(hub, "some/tiny", TINY)
    folder = fetch(tmp_path)
    assert sorted(hub.fetched()) == NEEDED
    assert names_in(folder) == sorted([*NEEDED, "checkpoint.json"])
    assert all((folder / name).read_bytes() == TINY[name] for name in NEEDED)
    card = read_card(folder / "checkpoint.json")
    assert card.files == {name: hashlib.sha256(TINY[name]).hexdigest() for name in NEEDED}
    assert (card.checkpoint, card.source, card.architecture) == ("tiny", "some/tiny", "bert")
    assert card.revision == hub.commit("some/tiny")
    assert card.parameters is None
    assert card.reading == {"folder": folder.as_posix(), "trust_remote_code": False}
    assert card.details == {
        "kind": "hub",
        "source": "some/tiny",
        "revision": hub.commit("some/tiny")[:12],
        "model": "bert",
        "layers": 2,
        "width": 8,
    }


def test_the_weights_of_safetensors_are_counted(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}')
    weights = {"a": np.zeros((3, 4), np.float32), "b": np.zeros(5, np.float16)}
    save_file(weights, tmp_path / "model.safetensors", metadata={"format": "pt"})
    assert model_details(tmp_path) == {"model": "bert", "parameters": 17}
    assert pretrained_card("a", "folder", "b", "c", tmp_path, {}).parameters == 17
    # In shards.
    (tmp_path / "model.safetensors").unlink()
    for number in (1, 2):
        save_file(weights, tmp_path / f"model-0000{number}-of-00002.safetensors")
    (tmp_path / "model.safetensors.index.json").write_text("{}")
    assert model_details(tmp_path)["parameters"] == 34
    # Pickled weights tell only when they are loaded.
    (tmp_path / "model.safetensors.index.json").unlink()
    (tmp_path / "pytorch_model.bin").write_bytes(b"x")
    assert model_details(tmp_path) == {"model": "bert"}


def test_an_id_without_owner_and_a_commit_are_fetched(hub: HubServer, tmp_path: Path) -> None:
    put(hub, "tiny", TINY)
    folder = fetch(tmp_path, "tiny", "--revision", hub.commit("tiny"))
    assert read_card(folder / "checkpoint.json").revision == hub.commit("tiny")


def test_a_second_run_fetches_nothing_and_writes_the_same_card(
    hub: HubServer, tmp_path: Path
) -> None:
    put(hub, "some/tiny", TINY)
    card = (fetch(tmp_path) / "checkpoint.json").read_bytes()
    hub.requests.clear()
    assert (fetch(tmp_path) / "checkpoint.json").read_bytes() == card
    assert hub.fetched() == []


def test_a_spoilt_file_in_the_folder_is_fetched_again(hub: HubServer, tmp_path: Path) -> None:
    put(hub, "some/tiny", TINY)
    folder = fetch(tmp_path)
    (folder / "vocab.txt").write_bytes(TINY["vocab.txt"].upper().replace(b"PAD", b"BAD"))
    hub.requests.clear()
    fetch(tmp_path)
    assert hub.fetched() == ["vocab.txt"]
    assert (folder / "vocab.txt").read_bytes() == TINY["vocab.txt"]


def test_shards_are_fetched(hub: HubServer, tmp_path: Path) -> None:
    shards = {f"model-0000{part}-of-00002.safetensors": bytes([part]) * 9 for part in (1, 2)}
    index = json.dumps({"weight_map": dict(zip("ab", shards, strict=True))}).encode()
    files = {name: TINY[name] for name in ("config.json", "vocab.txt", "pytorch_model.bin")}
    put(hub, "some/tiny", files | shards | {"model.safetensors.index.json": index})
    card = read_card(fetch(tmp_path) / "checkpoint.json")
    assert [*card.files] == sorted(
        ["config.json", "vocab.txt", "model.safetensors.index.json", *shards]
    )


def test_an_index_without_its_shards_is_refused(hub: HubServer, tmp_path: Path) -> None:
    index = b'{"weight_map": {"a": "model-00001-of-00002.safetensors"}}'
    files = {name: TINY[name] for name in ("config.json", "vocab.txt")}
    put(hub, "some/tiny", files | {"model.safetensors.index.json": index})
    with pytest.raises(UserError, match=r"names model-00001-of-00002\.safetensors, but there is"):
        fetch(tmp_path)


def test_another_revision_leaves_no_weights_of_the_first(hub: HubServer, tmp_path: Path) -> None:
    put(hub, "some/tiny", TINY)
    fetch(tmp_path)
    (hub.folder / "some/tiny/model.safetensors").unlink()
    folder = fetch(tmp_path)
    assert "model.safetensors" not in names_in(folder)
    assert "pytorch_model.bin" in read_card(folder / "checkpoint.json").files


def test_code_is_fetched_only_where_it_is_trusted(hub: HubServer, tmp_path: Path) -> None:
    put(hub, "some/tiny", TINY | {"modeling_tiny.py": b"raise SystemExit"})
    assert "modeling_tiny.py" not in names_in(fetch(tmp_path))
    folder = fetch(tmp_path, "some/tiny", "--trust-remote-code")
    card = read_card(folder / "checkpoint.json")
    assert "modeling_tiny.py" in card.files and card.reading["trust_remote_code"]


def test_code_of_another_repository_is_refused(hub: HubServer, tmp_path: Path) -> None:
    config = BERT | {"auto_map": {"AutoModel": "other/code--modeling.Tiny"}}
    put(hub, "some/tiny", TINY | {"config.json": json.dumps(config).encode()})
    with pytest.raises(UserError, match="another repository, other/code;"):
        fetch(tmp_path, "some/tiny", "--trust-remote-code")


# What goes wrong on the way.
def test_a_dropped_connection_is_gone_on_with(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The library keeps whole pieces, otherwise of 10 MB.
    monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 100_000)
    put(hub, "some/tiny", TINY)
    hub.cut["model.safetensors"] = 300_000
    folder = fetch(tmp_path)
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert "GET /large/some/tiny/model.safetensors from 300000" in hub.requests


def test_a_run_that_broke_off_keeps_what_was_complete(hub: HubServer, tmp_path: Path) -> None:
    put(hub, "some/tiny", TINY)
    hub.spoilt.add("vocab.txt")
    with pytest.raises(UserError):
        fetch(tmp_path)
    assert not (tmp_path / "checkpoints/tiny/checkpoint.json").exists()
    hub.spoilt.clear()
    hub.requests.clear()
    fetch(tmp_path)
    assert hub.fetched() == ["vocab.txt"]


def test_a_busy_hub_is_asked_again(hub: HubServer, tmp_path: Path) -> None:
    put(hub, "some/tiny", TINY)
    hub.fail_first, hub.fail_status = 3, 429
    assert (fetch(tmp_path) / "checkpoint.json").exists()


def test_a_hub_that_stays_down_is_asked_five_times(hub: HubServer, tmp_path: Path) -> None:
    put(hub, "some/tiny", TINY)
    hub.fail_first = 100
    with pytest.raises(UserError, match=r"could not be fetched .*503.*kind: folder"):
        fetch(tmp_path)
    assert len(hub.requests) == 5


def test_wrong_bytes_are_refused_and_removed(hub: HubServer, tmp_path: Path) -> None:
    put(hub, "some/tiny", TINY)
    hub.spoilt.add("model.safetensors")
    with pytest.raises(UserError, match=r"model\.safetensors is not what the hub's checksum says"):
        fetch(tmp_path)
    assert not (tmp_path / "checkpoints/tiny/model.safetensors").exists()


def test_an_unknown_repository_is_refused_at_once(hub: HubServer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no checkpoint some/tinny on http"):
        fetch(tmp_path, "some/tinny")
    assert len(hub.requests) == 1


def test_an_impossible_id_is_refused(hub: HubServer, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no checkpoint some--tiny"):
        fetch(tmp_path, "some--tiny")


def test_an_unknown_revision_is_refused(hub: HubServer, tmp_path: Path) -> None:
    put(hub, "some/tiny", TINY)
    with pytest.raises(UserError, match="some/tiny has no revision v9"):
        fetch(tmp_path, "some/tiny", "--revision", "v9")


def test_a_gated_checkpoint_needs_a_token(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(hub, "some/tiny", TINY)
    hub.gated.add("some/tiny")
    with pytest.raises(UserError, match=r"is gated: accept its licence on .*/some/tiny, and set"):
        fetch(tmp_path)
    monkeypatch.setenv("HF_TOKEN", hub.token)
    assert (fetch(tmp_path) / "checkpoint.json").exists()


def test_a_private_checkpoint_needs_a_token(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(hub, "some/tiny", TINY)
    hub.private.add("some/tiny")
    with pytest.raises(UserError, match="or it is private"):
        fetch(tmp_path)
    monkeypatch.setenv("HF_TOKEN", hub.token)
    assert (fetch(tmp_path) / "checkpoint.json").exists()


def test_a_refused_token_is_said(hub: HubServer, tmp_path: Path) -> None:
    hub.fail_first, hub.fail_status = 1, 403
    with pytest.raises(UserError, match=r"refuses access to some/tiny \(403\)"):
        fetch(tmp_path)


@pytest.mark.parametrize("gone", ["model.safetensors", "vocab.txt"])
def test_an_incomplete_repository_is_refused_before_anything_is_fetched(
    hub: HubServer, tmp_path: Path, gone: str
) -> None:
    files = {name: TINY[name] for name in ("config.json", "model.safetensors", "vocab.txt")}
    put(hub, "some/tiny", {name: files[name] for name in files if name != gone})
    with pytest.raises(UserError, match=r"some/tiny at main lacks (weights|a tokenizer)"):
        fetch(tmp_path)
    assert hub.fetched() == []


def test_without_a_network_the_ways_out_are_said(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"from http://127.0.0.1:9 .*refused.*kind: folder"):
        fetch(tmp_path)


def test_an_address_that_is_none_is_refused(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "hub.example")
    with pytest.raises(UserError, match=r"could not be fetched from hub\.example"):
        fetch(tmp_path)


def test_a_mirror_that_is_none_is_refused(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = hub.folder / "page/api/models/some/tiny/revision/main"
    page.parent.mkdir(parents=True)
    page.write_text("<html>Welcome</html>")
    monkeypatch.setenv("HF_ENDPOINT", f"{hub.url}/page")
    with pytest.raises(UserError, match="could not be fetched from"):
        fetch(tmp_path)


def test_offline_mode_is_said_in_one_line(hub: HubServer, tmp_path: Path) -> None:
    flags = "--checkpoint tiny --id some/tiny --folder folder --card folder/checkpoint.json"
    script = [sys.executable, "-m", "workflow_scripts.pretrained.fetch_checkpoint", *flags.split()]
    root = Path(fetch_checkpoint.__file__).parents[2]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "PYTHONPATH": str(root)}
    done = subprocess.run(script, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: some/tiny cannot be fetched while HF_HUB_OFFLINE is set")
    assert done.stderr.count("\n") == 1
    assert hub.requests == []


def test_a_disk_that_is_too_small_is_said_before_anything_is_fetched(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(hub, "some/tiny", TINY)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(UserError, match=r"the disk has 0\.0 GB free"):
        fetch(tmp_path)
    assert hub.fetched() == []


def test_a_disk_that_fills_up_is_said(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(hub, "some/tiny", TINY)

    def full(*args: object, **more: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(huggingface_hub.HfApi, "hf_hub_download", full)
    with pytest.raises(UserError, match="some/tiny does not fit on the disk"):
        fetch(tmp_path)


# A user's own folder.
def describe(tmp_path: Path, *flags: str) -> Path:
    card = tmp_path / "card.json"
    path = str(tmp_path / "own")
    describe_folder.main(["--checkpoint", "mine", "--path", path, "--card", str(card), *flags])
    return card


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "own"
    for name, content in TINY.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_the_card_of_a_folder_describes_what_is_needed(own: Path, tmp_path: Path) -> None:
    card = read_card(describe(tmp_path))
    assert card.files == {name: hashlib.sha256(TINY[name]).hexdigest() for name in NEEDED}
    assert (card.checkpoint, card.source, card.details["kind"]) == ("mine", str(own), "folder")
    assert card.reading == {"folder": str(own), "trust_remote_code": False}
    assert re.fullmatch("[0-9a-f]{40}", card.revision)
    assert [path.name for path in needed_paths(own, trust_remote_code=False)] == NEEDED


def test_the_revision_of_a_folder_changes_with_what_is_needed_only(
    own: Path, tmp_path: Path
) -> None:
    first = read_card(describe(tmp_path)).revision
    (own / "README.md").write_text("another text")
    assert read_card(describe(tmp_path)).revision == first
    (own / "vocab.txt").write_text("[PAD]\n[UNK]\nword\n")
    assert read_card(describe(tmp_path)).revision != first


def test_code_in_a_folder_counts_only_where_it_is_trusted(own: Path, tmp_path: Path) -> None:
    (own / "modeling_tiny.py").write_text("raise SystemExit")
    assert "modeling_tiny.py" not in read_card(describe(tmp_path)).files
    card = read_card(describe(tmp_path, "--trust-remote-code"))
    assert "modeling_tiny.py" in card.files and card.reading["trust_remote_code"]


@pytest.mark.parametrize(
    ("gone", "message"),
    [
        (["config.json"], r"lacks config\.json"),
        (["model.safetensors", "pytorch_model.bin"], "lacks weights"),
        (["vocab.txt", "tokenizer_config.json"], "lacks a tokenizer"),
    ],
)
def test_a_folder_that_lacks_something_is_refused(
    own: Path, tmp_path: Path, gone: list[str], message: str
) -> None:
    for name in gone:
        (own / name).unlink()
    with pytest.raises(UserError, match=message):
        describe(tmp_path)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert needed_paths(tmp_path / "own", trust_remote_code=True) == []
    with pytest.raises(UserError, match="there is no folder"):
        describe(tmp_path)


def test_a_pointer_of_git_lfs_is_refused(own: Path, tmp_path: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    (own / "model.safetensors").write_text(pointer)
    with pytest.raises(UserError, match=r"model\.safetensors: this is only Git's pointer"):
        describe(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]"])
def test_a_configuration_that_is_none_is_refused(own: Path, tmp_path: Path, content: str) -> None:
    (own / "config.json").write_text(content)
    for flags in ([], ["--trust-remote-code"]):
        with pytest.raises(UserError, match=r"config\.json: this is no"):
            describe(tmp_path, *flags)
