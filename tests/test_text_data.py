"""Text corpora, probes, and tasks made from labelled files."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflow_scripts.common.digest import file_digest
from workflow_scripts.common.facts import Facts
from workflow_scripts.common.script import UserError
from workflow_scripts.common.task_file import read_task
from workflow_scripts.common.units_file import read_units
from workflow_scripts.kinds.text import read_task as read_task_script
from workflow_scripts.kinds.text import write_corpus
from workflow_scripts.kinds.text.formats.formats import LabelledSentence
from workflow_scripts.kinds.text.read_task import hold_out, word_task
from workflow_scripts.kinds.text.sentences import read_sentences, write_sentences

CHUNKED = """He PRP B-NP
runs VBZ B-VP

# # B-NP
1 CD I-NP

He PRP B-NP
runs VBZ B-VP
"""


# Corpora


@given(
    st.lists(st.lists(st.text(min_size=1).filter(lambda word: not set(word) & set(" \n\r\ufeff"))))
)
def test_a_corpus_is_read_as_it_was_written(sentences: list[list[str]]) -> None:
    path = Path("corpus.txt")
    try:
        write_sentences(path, sentences)
        assert read_sentences(path) == sentences
    finally:
        path.unlink(missing_ok=True)


@pytest.fixture(autouse=True, scope="module")
def _folder_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> object:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("text"))
        yield


def test_only_blanks_and_line_feeds_separate(tmp_path: Path) -> None:
    path = tmp_path / "c.txt"
    path.write_bytes("\ufeff a  b\u00a0c \r\n\nd\u2028e\x85f\n".encode())
    assert read_sentences(path) == [["a", "b\u00a0c"], [], ["d\u2028e\x85f"]]


@pytest.mark.parametrize("word", ["", "a b", "a\nb"])
def test_what_cannot_be_a_word_is_not_written(tmp_path: Path, word: str) -> None:
    path = tmp_path / "c.txt"
    with pytest.raises(ValueError, match="cannot be a word"):
        write_sentences(path, [[word]])
    assert not path.exists()


def test_files_that_are_no_corpus_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no such file"):
        read_sentences(tmp_path / "absent.txt")
    path = tmp_path / "latin.txt"
    path.write_bytes("caf\u00e9".encode("latin-1"))
    with pytest.raises(UserError, match="no text in UTF-8"):
        read_sentences(path)


# Probes


def written(folder: Path, *flags: str) -> str:
    """The corpus that a script writes."""
    output = folder / "corpus.txt"
    units = ["--units", str(folder / "corpus.units.parquet")]
    write_corpus.main([*flags, "--output", str(output), *units])
    return output.read_text(encoding="utf-8")


def test_a_probe_takes_the_first_sentences_that_are_long_enough(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("a b c\nshort\n\nd e\nf g h i\nj k\n", encoding="utf-8")
    flags = ["--read", "sentences", str(text), "--min-words", "2"]
    assert written(tmp_path, *flags, "--max-sentences", "3") == "a b c\nd e\nf g h i\n"
    assert written(tmp_path, *flags) == "a b c\nd e\nf g h i\nj k\n"


def test_the_words_of_a_sentence_are_a_group(tmp_path: Path) -> None:
    text = tmp_path / "text.txt"
    text.write_text("a b c\n\nd\na b c\n", encoding="utf-8")
    written(tmp_path, "--read", "sentences", str(text))
    units = read_units(tmp_path / "corpus.units.parquet")
    assert units.group.tolist() == [0, 0, 0, 1, 2, 2, 2]
    assert units.corpus_sha256 == file_digest(tmp_path / "corpus.txt")
    assert (units.unit_name, units.group_name) == ("words", "sentences")


def test_what_a_corpus_holds_is_among_the_facts(tmp_path: Path, job_facts: Facts) -> None:
    text = tmp_path / "text.txt"
    text.write_text("a b c\nd\n" * 600, encoding="utf-8")
    written(tmp_path, "--read", "sentences", str(text))
    assert job_facts.found == ["1,200 sentences, 2,400 words"]


def test_a_probe_can_be_the_words_of_a_labelled_file(tmp_path: Path) -> None:
    text = tmp_path / "chunks.txt"
    text.write_text(CHUNKED, encoding="utf-8")
    assert written(tmp_path, "--read", "conll2000", str(text)) == "He runs\n# 1\nHe runs\n"


def test_a_treebank_without_tags_has_words_all_the_same(tmp_path: Path) -> None:
    text = tmp_path / "t.conllu"
    text.write_text("1\tw\t_\t_\t_\t_\t0\troot\t_\t_\n", encoding="utf-8")
    assert written(tmp_path, "--read", "conllu", str(text)) == "w\n"


@pytest.mark.parametrize(
    ("content", "least", "message"),
    [
        ("a b\n", "9", "no sentence has 9 words or more; lower the probe's min_words"),
        ("\n \n", "1", "this file holds no sentence; name another"),
        ("", "1", "this file holds no sentence; name another"),
    ],
)
def test_a_corpus_without_sentences_is_refused(
    tmp_path: Path, content: str, least: str, message: str
) -> None:
    text = tmp_path / "text.txt"
    text.write_text(content, encoding="utf-8")
    with pytest.raises(UserError, match=rf"text\.txt: {message}"):
        written(tmp_path, "--read", "sentences", str(text), "--min-words", least)
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]


# Corpora of tasks


def test_the_corpus_of_tasks_holds_each_sentence_once(tmp_path: Path) -> None:
    chunks, tags = tmp_path / "c.txt", tmp_path / "t.tsv"
    chunks.write_text(CHUNKED, encoding="utf-8")
    tags.write_text("#\tX\n1\tY\n\nnew\tZ\n", encoding="utf-8")
    files = ["--read", "conll2000", str(chunks), "--read", "tagged", str(tags)]
    assert written(tmp_path, *files, "--distinct") == "He runs\n# 1\nnew\n"
    assert written(tmp_path, *files) == "He runs\n# 1\nHe runs\n# 1\nnew\n"


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--read conll1999: unknown format; choose sentences"):
        written(tmp_path, "--read", "conll1999", "y")


# Tasks


def labelled(text: str, targets: str = "") -> LabelledSentence:
    return LabelledSentence(text.split(), (targets or text.upper()).split())


def test_a_task_points_at_the_words_of_its_corpus() -> None:
    corpus = [["x"], ["a", "b"], ["c"], ["a", "b"]]
    task = word_task(
        {
            "train": [labelled("a b", "N V"), labelled("c", "N")],
            "dev": [LabelledSentence(["x"], [None]), labelled("a b", "V N")],
            "test": [labelled("c", "Z")],
        },
        corpus,
        "words",
        "accuracy",
        "",
    )
    assert task.unit.tolist() == [1, 2, 3, 1, 2, 3]
    assert task.group.tolist() == [0, 0, 1, 3, 3, 4]
    assert task.split.tolist() == ["train"] * 3 + ["dev"] * 2 + ["test"]
    assert task.labels == ["N", "V", "Z"]
    assert task.target.tolist() == [0, 1, 0, 1, 0, 2]
    assert (task.corpus, task.kind, task.metric) == ("words", "classification", "accuracy")


def test_numbers_make_a_regression() -> None:
    sentence = LabelledSentence(["a", "b", "c"], [1.5, None, -2.0])
    task = word_task(
        {"train": [sentence], "dev": [], "test": []}, [["a", "b", "c"]], "words", "pearson", ""
    )
    assert task.kind == "regression"
    assert task.labels == []
    assert task.unit.tolist() == [0, 2]
    assert task.target.dtype == np.float64
    assert task.target.tolist() == [1.5, -2.0]


@pytest.mark.parametrize(
    ("sentence", "metric", "message"),
    [
        (labelled("a", "N"), "pearson", "for numbers"),
        (LabelledSentence(["a"], [1.0]), "accuracy", "for classes"),
        (labelled("a", "NN"), "span_f1", "tags such as B-NP"),
        (LabelledSentence(["a"], [None]), "accuracy", "no word has a target"),
        (labelled("b", "N"), "accuracy", "'b' is not in the corpus"),
    ],
)
def test_a_task_that_cannot_be_scored_is_refused(
    sentence: LabelledSentence, metric: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        word_task({"train": [sentence], "dev": [], "test": []}, [["a"]], "words", metric, "")


@given(
    st.lists(st.sampled_from("abcdefghij"), min_size=2, max_size=40).filter(
        lambda words: len(set(words)) > 1
    ),
    st.floats(0.01, 0.99),
)
def test_sentences_held_out_are_a_fraction_and_stand_nowhere_else(
    words: list[str], fraction: float
) -> None:
    sentences = [labelled(word) for word in words]
    kept, held = hold_out(sentences, fraction, 0, "dev")
    assert sorted(kept + held, key=str) == sorted(sentences, key=str)
    texts = [{one.words[0] for one in part} for part in (kept, held)]
    assert not texts[0] & texts[1]
    distinct = len(set(words))
    assert len(texts[1]) == min(max(1, round(fraction * distinct)), distinct - 1)
    assert (kept, held) == hold_out(sentences, fraction, 0, "dev")


def conllu(words: int) -> str:
    tags = ["NOUN", "VERB"]
    return "".join(
        f"1\tw{i}\t_\t{tags[i % 2]}\t_\t_\t0\troot\t_\t_\n2\tx\t_\tADP\t_\t_\t1\tcase\t_\t_\n\n"
        for i in range(words)
    )


def test_splits_without_a_file_are_drawn_from_train(tmp_path: Path) -> None:
    text, output = tmp_path / "t.conllu", tmp_path / "upos.parquet"
    text.write_text(conllu(50), encoding="utf-8")
    written(tmp_path, "--read", "conllu", str(text))
    flags = ["--format", "conllu", "--target", "upos", "--metric", "accuracy"]
    flags += [
        "--train",
        str(text),
        "--corpus",
        str(tmp_path / "corpus.txt"),
        "--output",
        str(output),
    ]
    flags += ["--dev-fraction", "0.1", "--test-fraction", "0.2"]
    read_task_script.main(flags)
    task = read_task(output)
    sentences = {part: set(task.group[task.split == part]) for part in ("train", "dev", "test")}
    assert {part: len(numbers) for part, numbers in sentences.items()} == {
        "train": 36,
        "dev": 4,
        "test": 10,
    }
    assert sorted(task.unit) == list(range(100))
    first = output.read_bytes()
    read_task_script.main([*flags, "--seed", "0"])
    assert output.read_bytes() == first
    read_task_script.main([*flags, "--seed", "1"])
    assert output.read_bytes() != first


def test_a_corpus_of_other_sentences_is_refused(tmp_path: Path) -> None:
    text, corpus = tmp_path / "t.conllu", tmp_path / "c.txt"
    text.write_text(conllu(5), encoding="utf-8")
    corpus.write_text("something else\n", encoding="utf-8")
    with pytest.raises(UserError, match="upos: 'w0 x' is not in the corpus"):
        read_task_script.main(
            ["--format", "conllu", "--target", "upos", "--metric", "accuracy"]
            + ["--train", str(text), "--dev", str(text), "--test", str(text)]
            + ["--corpus", str(corpus), "--output", str(tmp_path / "upos.parquet")]
        )
