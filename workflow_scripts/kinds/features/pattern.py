"""The pattern that names feature files: ``embeddings/{checkpoint}/{corpus}.npy``."""

import re
from pathlib import Path

CHECKPOINT, CORPUS = "{checkpoint}", "{corpus}"
SUFFIXES = (".npy", ".npz", ".safetensors", ".parquet", ".pt")


def pattern_problem(pattern: str) -> str | None:
    """Why a pattern cannot name feature files, or ``None`` if it can."""
    for part in (CHECKPOINT, CORPUS):
        if pattern.count(part) != 1:
            return f"features: {pattern!r} must hold {part} once"
    if "{" in pattern.replace(CHECKPOINT, "").replace(CORPUS, ""):
        return f"features: {pattern!r} may hold no other braces than {CHECKPOINT} and {CORPUS}"
    if Path(pattern).suffix not in SUFFIXES:
        return f"features: {pattern!r} must end in one of {', '.join(SUFFIXES)}"
    return None


def feature_source(pattern: str, checkpoint: str, corpus: str) -> str:
    """The file of a checkpoint's features on a corpus."""
    return pattern.replace(CHECKPOINT, checkpoint).replace(CORPUS, corpus)


def checkpoints_by_corpus(pattern: str) -> dict[str, list[str]]:
    """The checkpoints whose features are there, by corpus, all sorted."""
    wildcards = {CHECKPOINT: "([^/]+)", CORPUS: "([^/]+)"}
    expression = re.escape(pattern)
    for part, group in wildcards.items():
        expression = expression.replace(re.escape(part), group)
    checkpoint_first = pattern.index(CHECKPOINT) < pattern.index(CORPUS)
    glob = pattern.replace(CHECKPOINT, "*").replace(CORPUS, "*")
    root = Path("/") if pattern.startswith("/") else Path()
    found: dict[str, list[str]] = {}
    for path in sorted(root.glob(glob.lstrip("/"))):
        # Path() leaves out ./ in front.
        if match := re.fullmatch(expression.removeprefix(re.escape("./")), path.as_posix()):
            checkpoint, corpus = match.groups() if checkpoint_first else match.groups()[::-1]
            found.setdefault(corpus, []).append(checkpoint)
    return {corpus: sorted(names) for corpus, names in sorted(found.items())}
