# What the rules share: the validated config, the constraints of wildcards, and helpers.
import re
import sys
from pathlib import Path

ROOT = Path(workflow.basedir)
sys.path.insert(0, str(ROOT))

from workflow_scripts.common.config import ConfigError, read_config
from workflow_scripts.common.settings import to_flags
from workflow_scripts.common.source_files import source_files

try:
    ZOOS = read_config(config).zoos
except ConfigError as error:
    sys.exit("\n".join(f"config error: {line}" for line in error.lines))


wildcard_constraints:
    zoo="|".join(map(re.escape, ZOOS)),
    checkpoint=r"[^/]+",
    task=r"[^/]+",
    method=r"[^/]+",
    k=r"\d+",


def sources(script):
    """A script and every project module that it imports: the code that a job's result depends on."""
    return source_files(script, ROOT)


def zoo_of(wildcards):
    """The settings of the zoo that a job belongs to."""
    return ZOOS[wildcards.zoo]


def feature_files(wildcards, corpus):
    """The features of every checkpoint of a zoo on a corpus."""
    return [
        f"results/{wildcards.zoo}/features/{corpus}/{name}.safetensors"
        for name in zoo_of(wildcards).checkpoint_names
    ]


def checkpoint_names(wildcards):
    """The names of a zoo's checkpoints, sorted, so that their order in the config is no matter."""
    return sorted(zoo_of(wildcards).checkpoint_names)
