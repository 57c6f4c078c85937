"""Begins a zoo of your own: asks what is in it, checks it, and writes its config.

What the flags do not say is asked for, where there is a terminal. Nothing is downloaded or started
but the configurations of hub checkpoints: at the end stand what a run will cost and its command.

    python -m workflow_scripts.new_zoo
    python -m workflow_scripts.new_zoo --name mine --modality text \\
        --checkpoints bert-base-uncased models/ours --probe sentences.txt \\
        --task treebank.conllu --task name=ner ner.txt

    python -m workflow_scripts.new_zoo --name photos --modality image \\
        --checkpoints microsoft/resnet-50 models/ours --probe photos \\
        --task name=birds birds/train test=birds/test
"""

import argparse
import logging
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import yaml

from workflow_scripts.common.script import UserError, run
from workflow_scripts.config.config import ConfigError, read_config
from workflow_scripts.config.schema import SCHEMA
from workflow_scripts.drafting.answers import one_of
from workflow_scripts.drafting.cost import cost_lines
from workflow_scripts.drafting.questions import Questions
from workflow_scripts.drafting.yaml_block import Entry, plain, render
from workflow_scripts.kinds.registry import KINDS
from workflow_scripts.kinds.zoo import ZooSettings
from workflow_scripts.new_zoo.flags import Drafters, kind_of_flags, read_flags, refuse_misfits
from workflow_scripts.new_zoo.places import free_name, free_output
from workflow_scripts.new_zoo.planned_jobs import by_stage, planned_jobs

ROOT = Path(__file__).parents[2]


def validated(name: str, entry: Entry) -> ZooSettings:
    """The zoo as the workflow reads it.

    Raises:
        UserError: if the config's models refuse it.
    """
    try:
        return read_config({"zoos": {name: plain(entry)}}).zoos[name]
    except ConfigError as error:
        raise UserError("; ".join(error.lines)) from error


def jobs_of(text: str) -> dict[str, int]:
    """How many jobs a config takes, by stage.

    Raises:
        UserError: if the workflow refuses it.
    """
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "zoo.yaml"
        config.write_text(text, encoding="utf-8")
        return by_stage(planned_jobs(config, ROOT))


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags, ask, check, say what a run costs, write the config.

    An interrupt may come at a question or while something is looked at.
    """
    drafters = {kind.name: kind.load_drafter() for kind in KINDS}
    flags = read_flags(__doc__, argv, drafters)
    try:
        begin(flags, drafters)
    except KeyboardInterrupt:
        print(file=sys.stderr)
        raise UserError("stopped; nothing is written") from None


def begin(flags: argparse.Namespace, drafters: Drafters) -> None:
    """Ask what the flags do not say, check, say what a run costs, write the config.

    Raises:
        UserError: on the first thing that a flag names and that cannot be used.
    """
    if not Path.cwd().samefile(ROOT):
        raise UserError(f"run this in {ROOT}: paths in a config are relative to it")
    # What is fetched is said by the questions themselves.
    for logger in ("httpx2", "workflow_scripts.pretrained"):
        logging.getLogger(logger).setLevel(logging.WARNING)

    questions = Questions(sys.stdin.isatty(), sys.stdin, sys.stderr)
    name = questions.get(
        "--name",
        flags.name,
        "Name of the zoo",
        partial(free_name, root=ROOT, force=flags.force),
    )
    kind = questions.get(
        "--modality",
        flags.modality or kind_of_flags(flags, drafters),
        f"What kind of zoo: {', '.join(drafters)}",
        one_of(drafters),
        next(iter(drafters)) if questions.asks else None,
    )
    refuse_misfits(flags, kind, drafters)
    output = questions.get(
        "--output",
        flags.output,
        "Config to write (- for the screen)",
        partial(free_output, force=flags.force),
        f"{name}.yaml",
    )
    draft = drafters[kind].begin(flags, questions, partial(validated, name))
    entry = draft.entry
    path = Path(f"{name}.yaml" if output == "-" else output)
    schema = Path(os.path.relpath(SCHEMA, path.resolve().parent)).as_posix()
    command = f"snakemake --configfile {shlex.quote(path.as_posix())} --cores all"
    text = render(name, entry, command, schema)
    # A run reads the text: if that says something else, there is a mistake in this program.
    assert yaml.safe_load(text) == {"zoos": {name: plain(entry)}}

    questions.say("A run will cost")
    for line in cost_lines(draft.price(jobs_of(text)), shutil.disk_usage(ROOT).free):
        questions.say(f"    {line}")
    if output == "-":
        sys.stdout.write(text)
    elif not questions.asked or questions.ask(f"Write {output}", _yes_or_no, "yes"):
        path.write_text(text, encoding="utf-8")
        questions.say(f"{output} is written. Nothing runs yet; this runs it:")
        questions.say(f"    {command}")
    else:
        questions.say("nothing is written")


def _yes_or_no(text: str) -> bool:
    answers = {"yes": True, "y": True, "no": False, "n": False}
    if text.lower() not in answers:
        raise UserError("yes or no?")
    return answers[text.lower()]


if __name__ == "__main__":
    run(main)
