"""The command that begins a zoo: checks, questions, what it says of costs, what it writes."""

import io
import logging
import shlex
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from hub_server import HubServer
from tiny_models import WIDTH, build_tiny_model
from tiny_vision import COLOURS, FAMILIES, build_tiny_vision_model, draw_classes

from workflow_scripts.common.script import UserError
from workflow_scripts.config.config import read_config
from workflow_scripts.drafting.answers import as_name
from workflow_scripts.drafting.checkpoints import find_checkpoint
from workflow_scripts.drafting.cost import Cost, Features, cost_lines, in_bytes
from workflow_scripts.drafting.questions import Questions
from workflow_scripts.drafting.yaml_block import Commented, flow, plain, render, selection
from workflow_scripts.kinds.agents.draft import image_counts, image_download, network_size
from workflow_scripts.kinds.agents.zoo import AgentsZoo
from workflow_scripts.kinds.image.draft import find_image_probe, find_image_task, read_image_task
from workflow_scripts.kinds.image.zoo import ImageZoo
from workflow_scripts.kinds.registry import KINDS
from workflow_scripts.kinds.text.draft import read_task
from workflow_scripts.kinds.text.formats.guess_format import possible_formats
from workflow_scripts.kinds.text.found import find_probe, find_task
from workflow_scripts.new_zoo import __main__ as command
from workflow_scripts.new_zoo.flags import read_flags
from workflow_scripts.new_zoo.places import free_name
from workflow_scripts.pretrained.settings import FolderSettings, HubSettings

ROOT = Path(__file__).parents[1]
DRAFTERS = {kind.name: kind.load_drafter() for kind in KINDS}

CONLLU = "".join(
    f"1\tthe\tthe\tDET\tDT\t_\t2\tdet\t_\t_\n2\t{word}\t{word}\tNOUN\tNN\t_\t0\troot\t_\t_\n\n"
    for word in ("cat", "dog", "bee", "cat")
)
FILES = {
    "conllu": CONLLU,
    "conllx": "1\tcat\t_\tN\tNN\n\n1\tdog\t_\tN\tNN\n",
    "conll2003": "-DOCSTART- -X- O O\n\ncat NN B-NP O\n\nBob NNP I-NP I-PER\n",
    "conll2000": "the DT B-NP\ncat NN I-NP\n\nruns VB B-VP\n",
    "ged": "the\tc\nhouses\ti\n\n",
    "tagged": "the\tDEF\ncat\tCON\n\n",
    "factuality": '{"1": {"sentence": ["it", "rains"], "predicate_indices": [2], "labels": [3]}}',
    "trees": "(TOP (S (NP (DT the) (NN cat)) (VP (VB runs))))\n",
}


@pytest.fixture(autouse=True)
def _logs_as_before() -> Iterator[None]:
    """The command quiets the logs of what it calls, for its process is its own."""
    loggers = [logging.getLogger(name) for name in ("httpx2", "workflow_scripts.pretrained")]
    levels = [logger.level for logger in loggers]
    yield
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Checkpoints in folders and on a hub, probes, files of every format, folders of images."""
    folder = tmp_path_factory.mktemp("files")
    build_tiny_model("gpt2", folder / "ours")
    build_tiny_model("bert-uncased", folder / "hub/some/bert-base")
    build_tiny_vision_model("clip", folder / "hub/some/clip")
    code = folder / "hub/coded"
    code.mkdir()
    for name, content in {
        "config.json": '{"model_type": "odd", "torch_dtype": "float16", "auto_map": {"a": "b.c"}}',
        "model.safetensors": "12345678",
        "vocab.txt": "a\n",
    }.items():
        (code / name).write_text(content, encoding="utf-8")
    (folder / "hub/empty").mkdir()
    (folder / "hub/empty/README.md").write_text("nothing", encoding="utf-8")
    for form, content in FILES.items():
        (folder / f"{form}.txt").write_text(content, encoding="utf-8")
    (folder / "lines.txt").write_text("a b c\nd e\n" * 1000, encoding="utf-8")
    (folder / "few.txt").write_text("a b c\nd e f\n", encoding="utf-8")
    for number, family in enumerate(FAMILIES):
        build_tiny_vision_model(family, folder / family, number)
    draw_classes(folder / "photos", COLOURS, 5)
    draw_classes(folder / "test", COLOURS, 2)
    draw_classes(folder / "three", {"red": COLOURS["red"]}, 3)
    draw_classes(folder / "single", COLOURS, 1)
    draw_classes(folder / "other", {"yellow": (200, 200, 0)}, 2)
    return folder


@pytest.fixture
def hub(files: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer(files / "hub") as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


# Checkpoints.


def test_of_a_hub_checkpoint_only_the_configuration_is_fetched(hub: HubServer, files: Path) -> None:
    found = find_checkpoint("some/bert-base", [])
    assert found.settings == HubSettings(id="some/bert-base")
    assert (found.name, found.model, found.width) == ("bert-base", "bert", WIDTH)
    names = ("config.json", "model.safetensors", "vocab.txt", "tokenizer_config.json")
    there = [path for name in names if (path := files / "hub/some/bert-base" / name).exists()]
    sizes = {path.name: path.stat().st_size for path in there}
    assert found.download >= sum(sizes.values())
    assert found.network == sizes["model.safetensors"]
    assert hub.fetched() == ["config.json"]
    assert found.described.startswith(f"bert, width {WIDTH}, ")


def test_names_and_revisions_may_stand_beside_an_id(hub: HubServer) -> None:
    commit = hub.commit("coded")
    found = find_checkpoint(f"mine=coded@{commit}", [])
    assert (found.name, found.settings) == ("mine", HubSettings(id="coded", revision=commit))
    # Half of the numbers are stored; what its width is, only its own code knows.
    assert (found.network, found.width, found.own_code) == (16, None, True)
    taken = replace(found, name="coded", version="other")
    assert find_checkpoint("coded", [taken]).name == "coded-2"


def test_a_folder_is_held_to_what_the_workflow_needs(files: Path) -> None:
    found = find_checkpoint(str(files / "ours"), [])
    assert found.settings == FolderSettings(path=str(files / "ours"))
    assert (found.name, found.model, found.download) == ("ours", "gpt2", 0)
    assert found.network == (files / "ours/model.safetensors").stat().st_size
    assert found.described == f"gpt2, width {WIDTH}"


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("some/lost", "there is no checkpoint some/lost on"),
        ("coded@v9", "coded has no revision v9"),
        ("empty", "empty at main lacks config.json"),
        ("a/b/c", "id: 'a/b/c' cannot be one; a checkpoint is a folder that is there, or an id"),
        ("models/lost", "there is no folder models/lost here, so it was looked up on the hub: "),
        ("{files}/lines.txt", "lines.txt is a file; name the folder that holds it"),
        ("{files}/{{ours}}", "path: '{files}/{{ours}}' holds braces"),
        ("./lost", "there is no folder lost"),
        ("first+one=coded", "'first+one' cannot be the name of a checkpoint; leave out '+'"),
        ("ours=coded", "there are two checkpoints ours"),
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_refused(files: Path, text: str, sentence: str) -> None:
    ours = find_checkpoint(str(files / "ours"), [])
    with pytest.raises(UserError) as caught:
        find_checkpoint(text.format(files=files), [ours])
    assert sentence.format(files=files) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_stands_in_a_zoo_once(
    hub: HubServer, files: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = find_checkpoint(str(files / "ours"), [])
    (tmp_path / "link").symlink_to(files / "ours")
    shutil.copytree(files / "ours", tmp_path / "copy")
    monkeypatch.chdir(files)
    again = [f"{files}/hub/../ours/", "./ours", "ours", f"{tmp_path}/link", f"b={tmp_path}/copy"]
    for where in again:
        with pytest.raises(UserError, match="is the same checkpoint as ours, and a zoo holds each"):
            find_checkpoint(where, [ours])
    coded = find_checkpoint("coded", [ours])
    with pytest.raises(UserError, match=r"coded@\w+ is the same checkpoint as coded"):
        find_checkpoint(f"coded@{hub.commit('coded')}", [ours, coded])


def test_a_vision_checkpoint_needs_an_image_processor(hub: HubServer, files: Path) -> None:
    found = find_checkpoint("some/clip", [], "image processor")
    assert (found.model, found.width, hub.fetched()) == ("clip", 24, ["config.json"])
    with pytest.raises(UserError, match="ours lacks an image processor"):
        find_checkpoint(str(files / "ours"), [], "image processor")
    with pytest.raises(UserError, match="some/bert-base at main lacks an image processor"):
        find_checkpoint("some/bert-base", [], "image processor")
    vit = find_checkpoint(str(files / "vit"), [found], "image processor")
    with pytest.raises(UserError, match="vit is the same checkpoint as vit, and a zoo holds each"):
        find_checkpoint(f"again={files / 'vit'}", [found, vit], "image processor")
    with pytest.raises(UserError, match="some/clip is the same checkpoint as clip"):
        find_checkpoint("again=some/clip", [found, vit], "image processor")


@pytest.mark.parametrize(
    ("family", "width"),
    [("vit", 24), ("resnet", 16), ("convnext", 16), ("swin", 16), ("clip", 24)],
)
def test_the_width_of_a_vision_checkpoint_is_in_its_config(
    files: Path, family: str, width: int
) -> None:
    assert find_checkpoint(str(files / family), [], "image processor").width == width


def test_a_width_that_a_config_does_not_tell_is_not_known(files: Path, tmp_path: Path) -> None:
    shutil.copytree(files / "resnet", tmp_path / "odd")
    (tmp_path / "odd/config.json").write_text('{"model_type": "efficientnet"}', encoding="utf-8")
    assert find_checkpoint(str(tmp_path / "odd"), [], "image processor").width is None


def test_a_mistyped_folder_is_told_at_once_where_there_is_no_network(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def sleep(seconds: float) -> None:
        raise AssertionError("it was tried again")

    monkeypatch.setattr("time.sleep", sleep)
    monkeypatch.setenv("HF_ENDPOINT", "http://hub.invalid")
    with pytest.raises(UserError) as caught:
        find_checkpoint("models/lost", [])
    assert str(caught.value).startswith("there is no folder models/lost here, so it was looked up")
    assert "could not be fetched from http://hub.invalid" in str(caught.value)
    assert "kept" not in str(caught.value)


def test_names_are_made_of_paths() -> None:
    assert as_name("Älter & neu", []) == "lter-neu"
    assert as_name("---", ["unnamed"]) == "unnamed-2"


# Probes and tasks.


@pytest.mark.parametrize("form", FILES)
def test_the_likeliest_format_is_the_strictest_that_fits(files: Path, form: str) -> None:
    assert possible_formats(files / f"{form}.txt")[0] == form


def test_plain_text_is_no_labelled_file(files: Path) -> None:
    assert possible_formats(files / "lines.txt") == []


def test_a_probe_is_counted_as_a_run_would_read_it(files: Path) -> None:
    found = find_probe(str(files / "lines.txt"), None, 3)
    assert (found.sentences, found.words, found.warning) == (1000, 3000, "")
    labelled = find_probe(str(files / "conllu.txt"), None, None)
    assert labelled.settings.model_dump()["format"] == "conllu"
    assert labelled.words == 8
    assert "8 words are few" in labelled.warning
    wikitext = find_probe("wikitext-2-raw", None, None)
    assert wikitext.settings.source == "wikitext-2"
    assert (wikitext.settings.min_words, wikitext.words) == (10, 2_000_000)
    assert wikitext.described.startswith("about 17,500 sentences")
    with pytest.raises(UserError, match="0 sentences of 9 words or more, 0 words; a cov"):
        find_probe(str(files / "few.txt"), "sentences", 9)
    with pytest.raises(UserError, match="there is no file lost"):
        find_probe("lost.txt", None, None)
    with pytest.raises(UserError, match="ours is a folder; name a file with a sentence a line"):
        find_probe(str(files / "ours"), None, None)


def test_a_probe_that_cannot_be_resampled_is_refused(files: Path, tmp_path: Path) -> None:
    path = tmp_path / "one.txt"
    path.write_text("a b c d e f g h\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"1 sentence, 8 words; .* fewer than 4 sentences"):
        find_probe(str(path), None, None)
    # Five sentences, of which three are long enough.
    path.write_text("a b c\n" * 3 + "d e\n" * 2, encoding="utf-8")
    with pytest.raises(UserError, match="3 sentences of 3 words or more, 9 words;"):
        find_probe(str(path), None, 3)
    assert find_probe(str(path), None, 2).described == "5 sentences, 13 words"


def test_a_task_is_counted_as_a_run_would_read_it(files: Path) -> None:
    name, settings, formats = read_task([str(files / "conllu.txt"), "name=upos"], [])
    assert (name, settings.format, formats) == ("upos", "conllu", ["conllu", "conllx"])
    found = find_task(name, settings)
    # One sentence stands there twice.
    assert found.described == "3 different sentences, 6 words; 8 targets (2 classes)"
    numbers = read_task([str(files / "factuality.txt")], [])[1]
    with pytest.raises(
        UserError, match=r"1 different sentence cannot be shared out .* dev and test"
    ):
        find_task("ef", numbers)


@pytest.mark.parametrize(
    ("tags", "keys", "sentence"),
    [
        ("XXXXXX", [], "task t: its train split has one class only"),
        ("XYXYXY", ["metric=span_f1"], "span_f1 is for tags such as B-NP and O, not 'X'"),
        ("XYXYXY", ["metric=pearson"], "the metric pearson is for numbers"),
        ("XYXYXY", ["metric=f1"], "the metric f1 counts the class ''"),
        ("XYZXYZ", ["metric=top3_accuracy"], "the best three of 3 classes always hold"),
    ],
)
def test_a_task_that_teaches_nothing_or_cannot_be_scored_is_refused(
    tmp_path: Path, tags: str, keys: list[str], sentence: str
) -> None:
    path = tmp_path / "t.txt"
    # Every sentence has all tags, so that every split has.
    lines = "".join(f"{{}}\t{tag}\n" for tag in tags)
    path.write_text("".join(lines.replace("{}", word) + "\n" for word in "abcdef"), "utf-8")
    name, settings, _ = read_task([str(path), "format=tagged", *keys], [])
    with pytest.raises(UserError) as caught:
        find_task(name, settings)
    assert sentence in str(caught.value)


def test_tags_of_spans_are_told_apart_from_others(tmp_path: Path) -> None:
    path = tmp_path / "ner.txt"
    path.write_text("".join(f"{one}\tB-X\nof\tO\n\n" for one in "abcdef"), encoding="utf-8")
    found = find_task(*read_task([str(path), "format=tagged"], [])[:2])
    assert found.warning.startswith("its tags are of spans")
    found = find_task(*read_task([str(path), "format=tagged", "metric=span_f1"], [])[:2])
    assert found.warning == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["size=3", "{conllu}"], "a task has no size="),
        (["{conllu}", "format=ged", "format=tagged"], "format= stands twice"),
        (["dev={conllu}"], "a task needs a file to train on"),
        (["lost.txt"], "there is no file lost.txt"),
        (["{conllu}", "dev=lost.txt"], "there is no file lost.txt"),
        (["{lines}"], "no format fits this file"),
        (["{conllu}", "name=taken"], "there are two tasks taken"),
        (["{conllu}", "name=probe-x"], "a task cannot be named probe-x"),
        (["{conllu}", "format=xml"], "format: should be"),
        (["{conllu}", "target=size"], "conllu has the targets upos"),
        (["{ours}"], "ours is a folder; name a labelled file"),
    ],
)
def test_a_task_that_cannot_be_used_is_refused(
    files: Path, words: list[str], sentence: str
) -> None:
    paths = {form: files / f"{form}.txt" for form in (*FILES, "lines")} | {"ours": files / "ours"}
    with pytest.raises(UserError) as caught:
        read_task([word.format(**paths) for word in words], ["taken"])
    assert sentence in str(caught.value)


def test_a_file_that_goes_away_or_lacks_the_target_is_named(files: Path, tmp_path: Path) -> None:
    path = tmp_path / "some.conllu"
    path.write_text(CONLLU.replace("\tNN\t", "\t_\t").replace("\tDT\t", "\t_\t"), encoding="utf-8")
    settings = read_task([str(path), "target=xpos"], [])[1]
    with pytest.raises(UserError, match="no word has a value of xpos"):
        find_task("xpos", settings)
    path.unlink()
    with pytest.raises(UserError, match="there is no file"):
        find_task("xpos", settings)


# Folders of images.


def test_a_folder_of_images_is_counted_as_a_run_would_gather_it(
    files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = find_image_probe(str(files / "photos"))
    assert found.entry == {"folder": str(files / "photos"), "max_images": 1000}
    assert found.warning == (
        "15 images are few, and the covariance will be noisy: a thousand are better"
    )
    monkeypatch.setattr("workflow_scripts.kinds.image.draft._FEW_IMAGES", 15)
    assert found.warning == ""
    words = [str(files / "photos"), "name=colours", f"test={files / 'test'}"]
    name, settings = read_image_task(words, [])
    task = find_image_task(name, settings)
    assert task.entry == {"train": str(files / "photos"), "test": str(files / "test")}
    assert (name, task.described) == ("colours", "21 images (3 classes)")


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("lost", "there is no folder {files}/lost; name a folder of images"),
        ("lines.txt", "lines.txt is a file; name a folder of images"),
        ("three", "three: 3 images in this folder (.bmp, .gif, "),
        ("three", "a covariance needs hundreds, and its error cannot be estimated from fewer than"),
        ("ours", "ours: 0 images in this folder"),
    ],
)
def test_a_folder_that_is_no_probe_is_refused(files: Path, folder: str, sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        find_image_probe(str(files / folder))
    assert sentence.format(files=files) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["{files}/lost"], "there is no folder {files}/lost; name one that holds a folder of"),
        (["{files}/photos", "dev={files}/lost"], "there is no folder {files}/lost"),
        (["{files}/lines.txt"], "lines.txt is a file; name one that holds a folder of images"),
        (["{files}/photos", "{files}/test"], "train= stands twice in a task"),
        (["dev={files}/photos"], "a task needs a folder to train on"),
        (["{files}/photos", "format=ged"], "a task has no format=; it has name, train, dev, test"),
        (["{files}/photos", "name=taken"], "there are two tasks taken"),
        (["{files}/photos", "name=probe"], "a task cannot be named probe"),
        (["{files}/three"], "task three: {files}/three: there is one class only"),
        (["{files}/single"], "task single: class blue has too few images to keep any"),
        (["{files}/ours"], "task ours: {files}/ours: there are no images in folders here"),
        (["{files}/photos", "test={files}/other"], "other: there is no class yellow in"),
        (["{files}/photos", "dev={files}/ours"], "ours: there are no images in folders here"),
    ],
)
def test_folders_that_are_no_task_are_refused(files: Path, words: list[str], sentence: str) -> None:
    with pytest.raises(UserError) as caught:
        find_image_task(*read_image_task([word.format(files=files) for word in words], ["taken"]))
    assert sentence.format(files=files) in str(caught.value)
    assert "\n" not in str(caught.value)


# Costs.


def test_costs_are_units_by_dims_by_bytes() -> None:
    cost = Cost(
        jobs={"data": 2, "features": 0, "report": 5},
        downloads={"bert": 440_000_000, "ours": 0},
        features=[Features("probe", 20_000, "words"), Features("ner", 5_000, "words")],
        dims=[768, 1024],
        unknown=["odd"],
        dtype="float32",
        networks=0,
        images=0,
        largest=5_000_000_000,
        rule="extract_word_features",
        note="no intervals",
    )
    features = 25_000 * (768 + 1024) * 4
    assert cost.feature_bytes == features == 179_200_000
    assert cost.disk == features + 440_000_000
    assert cost_lines(cost, 100_000_000) == [
        "jobs       7: data 2, report 5",
        "downloads  440.0 MB: bert 440.0 MB",
        "disk       619.2 MB, 179.2 MB of it features (probe 20,000 words, ner 5,000 words; "
        "1,792 dims of 2 checkpoints); figures and tables come on top, some MB; 100.0 MB are free",
        "memory     6.0 GB for a job that runs a network, about",
        "not known  the width of odd, which comes on top",
        "note       no intervals",
        "warning    this does not fit on the disk",
        "warning    on a cluster, give these jobs more memory: "
        "--set-resources extract_word_features:mem_mb=6000",
    ]
    nothing = Cost({"data": 0}, {}, [], [], [], "float16", 0, 0, 0, "", "")
    assert cost_lines(nothing, 10**12)[:2] == [
        "jobs       0, all is done already",
        "downloads  nothing",
    ]
    assert in_bytes(3 * 10**12) == "3.0 TB"
    seen = cost_lines(replace(cost, images=10**9, rule="extract_image_features"), 10**12)
    assert seen[2].startswith("disk       1.6 GB, 179.2 MB of it features")
    assert "of 2 checkpoints) and 1.0 GB images; figures" in seen[2]
    assert "--set-resources extract_image_features:mem_mb=6000" in seen[-1]


def agents_zoo(**changes: Any) -> AgentsZoo:
    entry = {
        "modality": "agents",
        "data": {"source": "digits"},
        "agents": {"count": 4, "classes": 3},
        "probe": {"samples_per_class": 5, "rotations": [-10.0, 10.0]},
        "selection": {"sizes": [1], "methods": {"mmi": {}}},
    }
    zoo = read_config({"zoos": {"mine": entry | changes}}).zoos["mine"]
    assert isinstance(zoo, AgentsZoo)
    return zoo


def test_the_size_of_a_zoo_of_agents_is_known_without_training() -> None:
    zoo = agents_zoo()
    assert image_counts(zoo) == {"probe": 150}
    assert (network_size(zoo).dims, image_download(zoo)) == (64, 0)
    agents = {"count": 4, "classes": 7, "network": "resnet18"}
    tasks = {"count": 2, "classes": 5, "samples_per_class": 10, "test_per_class": 20}
    cifar = agents_zoo(data={"source": "cifar100"}, agents=agents, tasks=tasks)
    assert image_counts(cifar) == {"probe": 1500, "tasks": 3000}
    # ResNet-18 has 11.2 million parameters with ten classes and the small stem.
    assert network_size(cifar).parameters == pytest.approx(11.2e6, rel=0.01)
    assert network_size(cifar).dims == 512
    assert image_download(cifar) == pytest.approx(169e6, rel=0.01)


# The text that is written.


def test_a_zoo_is_written_as_by_hand() -> None:
    zoo = {
        "modality": "text",
        "checkpoints": Commented(
            {"a": Commented({"kind": "folder", "path": "a: b"}, "gpt2")}, "all"
        ),
        "methods": {"mmi": {}},
    }
    text = render("no", zoo, "snakemake", "schema.json")
    assert text.splitlines() == [
        "# yaml-language-server: $schema=schema.json",
        '# The zoo no. To add it to a file that has zoos already, copy what stands below "zoos:".',
        "#   snakemake",
        "zoos:",
        "  'no':",
        "    modality: text",
        "    checkpoints:  # all",
        "      a: {kind: folder, path: 'a: b'}  # gpt2",
        "    methods:",
        "      mmi: {}",
    ]
    assert yaml.safe_load(text) == {"zoos": {"no": plain(zoo)}}
    assert flow([1, 2]) == "[1, 2]"


@pytest.mark.parametrize(
    ("checkpoints", "sizes", "draws"),
    [
        (2, [1], 2),
        (3, [1, 2], 3),
        # Of one and of three there are four sets, fewer than an interval takes.
        (4, [2], 6),
        (5, [1, 2, 3, 4], 5),
        (6, [1, 2, 3, 4, 5], 6),
        (20, [1, 2, 3, 4, 5], 10),
    ],
)
def test_sizes_and_draws_fit_the_number_of_checkpoints(
    checkpoints: int, sizes: list[int], draws: int
) -> None:
    chosen = selection(checkpoints, None)
    assert plain(chosen)["sizes"] == sizes
    assert plain(chosen)["methods"]["random"] == {"draws": draws}
    left_out = "of 1, 3 there are too few different sets" in chosen.value["sizes"].comment
    assert left_out == (checkpoints == 4)


def test_sizes_that_are_asked_for_stay() -> None:
    assert plain(selection(4, [1]))["methods"]["random"] == {"draws": 4}
    # What does not fit is refused by the config's own models.
    assert plain(selection(2, [1, 9]))["methods"]["random"] == {"draws": 2}


# The command.


@pytest.fixture
def run_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[str, str]]:
    """Runs it in the folder of the workflow, and gives what it writes; jobs are not planned."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(command, "planned_jobs", lambda *_: {"evaluate": 3})

    def run(*flags: str, answers: str | None = None) -> tuple[str, str]:
        stdin = io.StringIO(answers or "")
        stdin.isatty = lambda: answers is not None  # type: ignore[method-assign]
        monkeypatch.setattr("sys.stdin", stdin)
        command.main(list(flags))
        said = capsys.readouterr()
        return said.out, said.err

    return run


Run = Callable[..., tuple[str, str]]


@pytest.mark.usefixtures("hub")
def test_flags_make_a_text_zoo(run_command: Run, files: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.yaml"
    treebank = str(files / "conllu.txt")
    out, err = run_command(
        *("--name", "mine", "--modality", "text", "--checkpoints", "some/bert-base", "coded"),
        *(f"theirs={files / 'ours'}", "--probe", str(files / "lines.txt"), "--min-words", "2"),
        *("--task", "name=upos", treebank, f"test={treebank}"),
        *("--task", "name=xpos", treebank, f"test={treebank}", "target=xpos"),
        *("--output", str(output)),
    )
    assert out == ""
    assert "    upos: it looks like conllu" in err
    assert "    jobs       3: evaluation 3" in err
    assert "    not known  the width of coded, which comes on top" in err
    assert err.endswith(f"    snakemake --configfile {output} --cores all\n")
    text = output.read_text(encoding="utf-8")
    assert "trust_remote_code: true lets run" in text
    zoo = yaml.safe_load(text)["zoos"]["mine"]
    read_config({"zoos": {"mine": zoo}})
    assert zoo["checkpoints"]["theirs"] == {"kind": "folder", "path": str(files / "ours")}
    assert zoo["probe"] == {"source": "text", "file": str(files / "lines.txt"), "min_words": 2}
    upos = {"format": "conllu", "target": "upos", "train": treebank, "test": treebank}
    assert zoo["tasks"] == {"upos": upos, "xpos": upos | {"target": "xpos", "corpus": "upos"}}
    # 5,000 words of the probe and 6 of the tasks, two widths of 24, 4 bytes.
    assert f"{(5000 + 6) * 2 * WIDTH * 4 / 1e3:.1f} kB of it features" in err


@pytest.mark.usefixtures("hub")
def test_flags_make_an_image_zoo(run_command: Run, files: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.yaml"
    photos = str(files / "photos")
    out, err = run_command(
        *("--name", "mine", "--modality", "image", "--checkpoints", "some/clip"),
        *(f"ours={files / 'resnet'}", "--probe", photos, "--output", str(output)),
        *("--task", "name=colours", photos, f"test={files / 'test'}"),
    )
    assert out == ""
    assert "    probe: 15 images\n    15 images are few" in err
    assert "    colours: 21 images (3 classes)" in err
    assert "    downloads  " in err
    assert ": clip " in err
    # 15 and 21 images: of widths 24 and 16 in 4 bytes, and of 224 × 224 pixels in 3.
    assert f"{36 * 40 * 4 / 1e3:.1f} kB of it features (probe 15 images, colours 21 images;" in err
    assert f"and {36 * 224 * 224 * 3 / 1e6:.1f} MB images" in err
    zoo = yaml.safe_load(output.read_text(encoding="utf-8"))["zoos"]["mine"]
    assert isinstance(read_config({"zoos": {"mine": zoo}}).zoos["mine"], ImageZoo)
    assert zoo["checkpoints"] == {
        "clip": {"kind": "hub", "id": "some/clip"},
        "ours": {"kind": "folder", "path": str(files / "resnet")},
    }
    assert zoo["probe"] == {"folder": photos, "max_images": 1000}
    assert zoo["tasks"] == {"colours": {"train": photos, "test": str(files / "test")}}


def test_questions_make_an_image_zoo(run_command: Run, files: Path, tmp_path: Path) -> None:
    output = tmp_path / "mine.yaml"
    answers = [
        str(output),
        *(str(files / name) for name in ("vit", "ours", "swin")),
        *("", str(files / "three"), str(files / "photos")),
        *(str(files / "single"), str(files / "photos"), ""),
        *(str(files / "other"), str(files / "test"), "probe", "colours", "", ""),
    ]
    flags = ("--name", "mine", "--modality", "image")
    out, err = run_command(*flags, answers="\n".join(answers) + "\n")
    assert out == ""
    for said in (
        "ours lacks an image processor",
        "three: 3 images in this folder",
        "class blue has too few images",
        "there is no class yellow",
        "    a task cannot be named probe",
    ):
        assert said in err, said
    zoo = yaml.safe_load(output.read_text(encoding="utf-8"))["zoos"]["mine"]
    assert list(zoo["checkpoints"]) == ["vit", "swin"]
    photos = str(files / "photos")
    assert zoo["probe"]["folder"] == photos
    assert zoo["tasks"] == {"colours": {"train": photos, "test": str(files / "test")}}


def test_flags_make_a_zoo_of_agents_on_the_screen(run_command: Run) -> None:
    out, err = run_command(
        *("--name", "mine", "--source", "cifar100", "--agents", "20"),
        *("--unseen-tasks", "3", "--sizes", "2", "4", "--output", "-"),
    )
    assert "written" not in err
    assert "downloads  169.0 MB: CIFAR-100 169.0 MB" in err
    assert "#   snakemake --configfile mine.yaml --cores all" in out
    zoo = yaml.safe_load(out)["zoos"]["mine"]
    # No other kind has these flags.
    assert zoo["modality"] == "agents"
    assert zoo["agents"]["crop_padding"] == 4
    assert (zoo["tasks"]["count"], zoo["selection"]["sizes"]) == (3, [2, 4])
    assert "note       scores will have no intervals, which take 5 tasks" in err
    whole, err = run_command("--name", "mine", "--modality", "agents", "--output", "-")
    assert yaml.safe_load(whole)["zoos"]["mine"]["tasks"]["count"] == 6
    assert "intervals" not in err
    bare, err = run_command("--name", "mine", "--modality", "agents", "--no-tasks", "--output", "-")
    assert "intervals" not in err
    assert "tasks" not in yaml.safe_load(bare)["zoos"]["mine"]


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ([], "--name is missing; give it, or run this in a terminal to be asked"),
        (["--name", "a b"], "'a b' cannot be a name"),
        (["--name", "downloads"], "the name 'downloads' is taken by the workflow"),
        (["--name", "digits"], "config.yaml has a zoo digits"),
        (["--name", "mine"], "--modality is missing"),
        # Which several kinds read.
        (["--name", "mine", "--probe", "photos", "--task", "a"], "--modality is missing"),
        # Which no kind reads together.
        (["--name", "mine", "--probe", "photos", "--agents", "3"], "--modality is missing"),
        (
            ["--name", "mine", "--modality", "text", "--agents", "3"],
            "--agents is not for zoos of modality: text; leave it out",
        ),
        (["--name", "mine", "--modality", "text"], "--checkpoints: a zoo has at least two"),
        (
            ["--name", "mine", "--modality", "image", "--probe", "photos"],
            "--checkpoints: a zoo has at least two",
        ),
        (
            ["--name", "mine", "--modality", "image", "--probe", "photos", "--agents", "3"],
            "--agents is not for zoos of modality: image; leave it out",
        ),
        (
            ["--name", "mine", "--modality", "image", "--min-words", "3"],
            "--min-words is not for zoos of modality: image; leave it out",
        ),
        (["--name", "mine", "--modality", "agents", "--output", "README.md"], "is there already"),
        (["--name", "mine", "--modality", "agents", "--output", "no/x"], "there is no folder no"),
        (["--name", "mine", "--source", "mnist"], "choose digits or cifar100, not 'mnist'"),
        (["--name", "mine", "--agents", "1"], "no number from 2 upwards"),
        (["--name", "mine", "--network", "resnet"], "did you mean resnet50"),
        (["--name", "mine", "--agents", "999"], "999 agents need 999"),
        (["--name", "mine", "--modality", "agents", "--sizes", "13"], "the zoo has 12"),
        (["--name", "mine", "--modality", "agents", "--sizes", "2", "2"], "a size twice"),
        (
            ["--name", "mine", "--no-tasks", "--unseen-tasks", "3"],
            "--no-tasks and --unseen-tasks do not go together",
        ),
        (
            ["--name", "mine", "--modality", "text", "--no-tasks", "--task", "a.txt"],
            "--no-tasks and --task do not go together",
        ),
        (
            ["--name", "mine", "--modality", "text", "--checkpoints", "a", "b", "--sizes", "3"],
            "--sizes asks for 3 checkpoints, and --checkpoints names 2",
        ),
    ],
)
def test_a_flag_that_cannot_be_used_is_one_sentence(
    run_command: Run, flags: list[str], sentence: str
) -> None:
    with pytest.raises(UserError) as caught:
        run_command(*flags)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_nothing_is_written_over_unless_it_is_forced(
    run_command: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "results/old").mkdir(parents=True)
    with pytest.raises(UserError, match="there are results of a zoo old"):
        free_name("old", tmp_path, False)
    assert free_name("old", tmp_path, True) == "old"
    output = tmp_path / "old.yaml"
    output.write_text("before", encoding="utf-8")
    flags = ["--name", "mine", "--modality", "agents", "--output", str(output)]
    with pytest.raises(UserError, match="--force to write over it"):
        run_command(*flags)
    assert output.read_text(encoding="utf-8") == "before"
    run_command(*flags, "--force")
    assert "mine" in yaml.safe_load(output.read_text(encoding="utf-8"))["zoos"]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match="run this in"):
        command.main(flags)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--probe", "lost.txt"], "there is no file lost.txt"),
        (["--probe", "{files}/lines.txt", "--task", "lost.txt"], "there is no file lost.txt"),
        (["--task", "{files}/conllu.txt"], "--probe is missing"),
    ],
)
def test_what_is_here_is_looked_at_before_the_hub(
    hub: HubServer, run_command: Run, files: Path, flags: list[str], sentence: str
) -> None:
    with pytest.raises(UserError, match=sentence):
        run_command(
            *("--name", "mine", "--modality", "text", "--checkpoints", "some/bert-base", "coded"),
            *(flag.format(files=files) for flag in flags),
        )
    assert hub.requests == []


def test_sizes_ask_for_as_many_checkpoints(run_command: Run, files: Path, tmp_path: Path) -> None:
    answers = ["", *(str(tmp_path / name) for name in ("a", "b")), str(files / "ours")]
    for name, family in (("a", "bert-cased"), ("b", "roberta")):
        build_tiny_model(family, tmp_path / name)
    _, err = run_command(
        *("--name", "mine", "--modality", "text", "--sizes", "3", "--no-tasks"),
        *("--probe", str(files / "lines.txt")),
        answers="\n".join([*answers, "", "no"]) + "\n",
    )
    assert "Checkpoint 3: an id of the hub, or a folder: " in err


def test_its_help_can_be_pasted(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["--help"])
    said = capsys.readouterr().out
    assert said.startswith("usage: python -m workflow_scripts.new_zoo [")
    example = said[said.index("    python -m workflow_scripts.new_zoo --name") :].split("\n\n")[0]
    words = shlex.split(example.replace("\\\n", " "))
    assert "\n" not in example.replace("\\\n", "").strip()
    read = read_flags(None, words[3:], DRAFTERS)
    assert read.task == [["treebank.conllu"], ["name=ner", "ner.txt"]]


@pytest.mark.usefixtures("hub")
def test_questions_make_a_text_zoo_and_bad_answers_are_asked_again(
    run_command: Run, files: Path, tmp_path: Path
) -> None:
    output = tmp_path / "mine.yaml"
    answers = [
        *("", "my zoo", "mine", "words", "", str(output)),
        *("some/lost", "some/bert-base", str(files / "ours"), "second=some/bert-base"),
        *("second=coded", ""),
        *("lost.txt", str(files / "lines.txt")),
        *(str(files / "lines.txt"), str(files / "conllu.txt")),
        *("ged", "conllu", "nothing", "xpos", "", "lost.txt", str(files / "conllu.txt")),
        *("probe", "xpos", ""),
        *("perhaps", "yes"),
    ]
    out, err = run_command(answers="\n".join(answers) + "\n")
    assert out == ""
    for refusal in (
        "    this needs an answer",
        "    'my zoo' cannot be a name",
        f"What kind of zoo: {', '.join(DRAFTERS)} [text]: ",
        f"    choose {' or '.join(DRAFTERS)}, not 'words'",
        "there is no checkpoint some/lost",
        "    some/bert-base is the same checkpoint as bert-base",
        "    there is no file lost.txt",
        "no format fits this file",
        "line 1: expected word and c or i separated by a tab",
        "    target: conllu has the targets upos, xpos, deprel",
        "    a task cannot be named probe",
        "    yes or no?",
    ):
        assert refusal in err, refusal
    assert "    it can be read as conllu or conllx" in err
    zoo = yaml.safe_load(output.read_text(encoding="utf-8"))["zoos"]["mine"]
    assert list(zoo["checkpoints"]) == ["bert-base", "ours", "second"]
    assert zoo["tasks"] == {
        "xpos": {
            "format": "conllu",
            "target": "xpos",
            "train": str(files / "conllu.txt"),
            "test": str(files / "conllu.txt"),
        }
    }


def test_questions_make_a_zoo_of_agents_whose_numbers_fit(run_command: Run, tmp_path: Path) -> None:
    output = tmp_path / "mine.yaml"
    # 300 sets of 4 out of 10 classes are not to be had, so that all is asked again.
    first = ["digits", "300", "", "", "", "", ""]
    again = ["digits", "8", "3", "", "", "0"]
    flags = ["--name", "mine", "--modality", "agents", "--output", str(output)]
    _, err = run_command(*flags, answers="\n".join([*first, *again, "n"]) + "\n")
    assert "300 agents need 300 different sets" in err
    assert "once more, from the images on" in err
    assert err.endswith("nothing is written\n")
    assert not output.exists()


def test_an_end_of_the_answers_ends_the_command(run_command: Run) -> None:
    with pytest.raises(UserError, match="the input ended at the question: What kind"):
        run_command("--name", "mine", answers="")


def test_an_interrupt_ends_the_command_wherever_it_is(
    run_command: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "planned_jobs", interrupted)
    with pytest.raises(UserError, match="stopped; nothing is written"):
        run_command("--name", "mine", "--modality", "agents", "--output", "-")


def test_without_a_terminal_nothing_is_asked() -> None:
    questions = Questions(False, io.StringIO("yes\n"), io.StringIO())
    assert questions.get("--epochs", None, "Epochs", int, "8") == 8
    assert questions.asked == 0
