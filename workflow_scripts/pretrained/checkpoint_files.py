"""Which files of a checkpoint are needed: its configuration, its weights once, and what prepares
its input, a tokenizer for text or an image processor.

Rules import this while they plan, so it needs nothing but the standard library.
"""

import argparse
import json
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Literal, get_args

from workflow_scripts.common.script import UserError

CONFIG = "config.json"

# What prepares the input of a checkpoint.
Preprocessor = Literal["tokenizer", "image processor"]

# The kinds of weights in the order in which transformers looks for them. Of each kind there may
# be one file, or an index and the shards that it names.
_WEIGHTS = (
    ("model.safetensors", r"model-\d+-of-\d+\.safetensors"),
    ("pytorch_model.bin", r"pytorch_model-\d+-of-\d+\.bin"),
)

# The names by which the tokenizers of transformers know their files; a test keeps them in step.
# fmt: off
_TOKENIZER_FILES = frozenset({
    "added_tokens.json", "bpe.codes", "byte_maps.json", "dict.txt", "emoji.json",
    "entity_vocab.json", "merges.txt", "normalizer.json", "prophetnet.tokenizer", "source.spm",
    "special_tokens_map.json", "spm.model", "target.spm", "target_vocab.json", "tokenizer.json",
    "tokenizer_config.json", "vocab-src.json", "vocab-tgt.json", "vocab.json", "vocab.txt",
    "word_pronunciation.json", "word_shape.json",
})
# fmt: on
# SentencePiece models, of which some have names of their own, and tiktoken's.
_TOKENIZER_SUFFIXES = (".model", ".tiktoken")
_NO_TOKENIZER_ALONE = {"added_tokens.json", "special_tokens_map.json"}

# Settings of the image processor; newer checkpoints have them with those of other processors.
_IMAGE_PROCESSOR_FILES = frozenset({"preprocessor_config.json", "processor_config.json"})

_LFS_POINTER = b"version https://git-lfs"


def add_preprocessor(flags: argparse.ArgumentParser) -> None:
    """Add the flag that says what prepares the input of a checkpoint."""
    flags.add_argument(
        "--preprocessor",
        choices=get_args(Preprocessor),
        default="tokenizer",
        help="what prepares the input of the checkpoint [default: tokenizer]",
    )


def needed_files(
    names: Iterable[str], trust_remote_code: bool, preprocessor: Preprocessor = "tokenizer"
) -> list[str]:
    """Those of a repository's files that a checkpoint is loaded from, sorted.

    Args:
        names: paths in the repository. Only files at its top count: folders hold exports to other
            formats, and other checkpoints.
        trust_remote_code: whether Python code is needed too.
        preprocessor: what prepares its input.
    """
    top = {name for name in names if "/" not in name}
    code = {name for name in top if trust_remote_code and name.endswith(".py")}
    prepares = _of_tokenizer if preprocessor == "tokenizer" else _IMAGE_PROCESSOR_FILES.__contains__
    return sorted((top & {CONFIG}) | weight_files(top) | set(filter(prepares, top)) | code)


def needed_paths(
    folder: Path, trust_remote_code: bool, preprocessor: Preprocessor = "tokenizer"
) -> list[Path]:
    """Those of a folder's files that a checkpoint is loaded from; none if there is no folder."""
    try:
        names = [path.name for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []
    return [folder / name for name in needed_files(names, trust_remote_code, preprocessor)]


def missing_parts(needed: Collection[str], preprocessor: Preprocessor = "tokenizer") -> list[str]:
    """What a checkpoint lacks of which only these files are there, in words."""
    parts = {
        CONFIG: CONFIG in needed,
        "weights (model.safetensors or pytorch_model.bin)": bool(weight_files(needed)),
    }
    if preprocessor == "tokenizer":
        parts["a tokenizer (tokenizer.json, or a vocabulary)"] = any(
            _of_tokenizer(name) and name not in _NO_TOKENIZER_ALONE for name in needed
        )
    else:
        parts["an image processor (preprocessor_config.json)"] = bool(
            _IMAGE_PROCESSOR_FILES & set(needed)
        )
    return [part for part, there in parts.items() if not there]


def check_contents(folder: Path, needed: Iterable[str]) -> None:
    """Look for what makes complete files useless.

    Raises:
        UserError: if a file is a pointer of Git LFS, an index names a shard that is not there, or
            a configuration names Python code outside the folder.
    """
    for path in (folder / name for name in needed):
        with path.open("rb") as file:
            if file.read(len(_LFS_POINTER)) == _LFS_POINTER:
                raise UserError(
                    f"{path}: this is only Git's pointer to the file; run git lfs pull in {folder}"
                )
        if path.name.endswith(".index.json"):
            for shard in sorted(set(_read_json(path).get("weight_map", {}).values())):
                if not (folder / shard).is_file():
                    raise UserError(f"{path}: the index names {shard}, but there is no such file")


def check_code(folder: Path) -> None:
    """Make sure that the code of a checkpoint is in its folder.

    Raises:
        UserError: if a configuration names code of another repository, which transformers would
            download when the checkpoint is loaded.
    """
    for path in (folder / CONFIG, folder / "tokenizer_config.json"):
        references = str(_read_json(path).get("auto_map", {})) if path.is_file() else ""
        if elsewhere := re.search(r"([\w.-]+/[\w.-]+)--", references):
            raise UserError(
                f"{path}: auto_map names code of another repository, {elsewhere[1]}; copy that "
                "code into a folder of your own, beside these files, take the repository's name "
                "out of auto_map, and name the folder with kind: folder"
            )


def weight_files(names: Collection[str]) -> set[str]:
    """Those of a checkpoint's files that hold its weights, and their index if there is one."""
    for single, shards in _WEIGHTS:
        if single in names:
            return {single}
        if f"{single}.index.json" in names:
            return {f"{single}.index.json", *(one for one in names if re.fullmatch(shards, one))}
    return set()


def _of_tokenizer(name: str) -> bool:
    return name in _TOKENIZER_FILES or name.endswith(_TOKENIZER_SUFFIXES)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{path}: this is no JSON; fetch or save the checkpoint again") from error
    return content if isinstance(content, dict) else {}
