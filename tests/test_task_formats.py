"""Readers of labelled files: every oddity of the formats, and every mistake in a file."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflow_scripts.common.script import UserError
from workflow_scripts.kinds.text.formats.formats import FORMATS
from workflow_scripts.kinds.text.sentences import read_sentences, write_sentences

Pairs = list[list[tuple[str, str | float | None]]]


@pytest.fixture(autouse=True, scope="module")
def _folder_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("formats"))
        yield


def read(form: str, content: str | bytes, target: str | None = None) -> Pairs:
    """Each sentence as pairs of word and target."""
    path = Path("file.txt")
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    sentences = list(FORMATS[form].read(path, target or FORMATS[form].targets[0]))
    return [list(zip(one.words, one.targets, strict=True)) for one in sentences]


def words(form: str, content: str | bytes) -> list[list[str]]:
    return [[word for word, _ in sentence] for sentence in read(form, content)]


def tags(form: str, content: str | bytes, target: str | None = None) -> list[str]:
    """The targets of each sentence, in one text."""
    return [
        " ".join(str(value) for _, value in sentence) for sentence in read(form, content, target)
    ]


def refusal(form: str, content: str | bytes, target: str | None = None) -> str:
    with pytest.raises(UserError) as caught:
        read(form, content, target)
    return str(caught.value)


# The table of formats


def test_each_format_has_targets_with_usual_metrics() -> None:
    assert {name: dict(form.metric) for name, form in FORMATS.items()} == {
        "conll2000": {"chunk": "span_f1", "pos": "accuracy"},
        "conll2003": {"ner": "span_f1", "chunk": "span_f1", "pos": "accuracy"},
        "conllx": {"pos": "accuracy", "coarse-pos": "accuracy"},
        "conllu": {"upos": "accuracy", "xpos": "accuracy", "deprel": "accuracy"},
        "tagged": {"tag": "accuracy"},
        "factuality": {"factuality": "pearson"},
        "trees": dict.fromkeys(("parent", "grandparent", "great-grandparent"), "accuracy"),
        "ged": {"error": "f1"},
    }
    # What a config leaves out is the first.
    defaults = [form.targets[0] for form in FORMATS.values()]
    assert defaults == ["chunk", "ner", "pos", "upos", "tag", "factuality", "parent", "error"]
    assert {name: form.positive for name, form in FORMATS.items() if form.positive} == {"ged": "i"}


@pytest.mark.parametrize("form", FORMATS)
def test_an_unknown_target_is_refused_before_anything_is_read(form: str) -> None:
    with pytest.raises(UserError) as caught:
        FORMATS[form].read(Path("absent"), "lemma")
    allowed = ", ".join(FORMATS[form].targets)
    assert str(caught.value) == f"absent: no target 'lemma' in this format; choose {allowed}"


# Files of any format

# A sentence of two words and one of one word, in each format.
SAMPLES = {
    "conll2000": "It PRP B-NP\nworks VBZ B-VP\n\nYes UH O\n",
    "conll2003": "It PRP I-NP O\nworks VBZ I-VP O\n\nYes UH O O\n",
    "conllx": "1\tIt\tit\tP\tPRP\n2\tworks\twork\tV\tVBZ\n\n1\tYes\tyes\tU\tUH\n",
    "conllu": "1\tIt\tit\tPRON\tPRP\t_\t2\tnsubj\t_\t_\n"
    "2\tworks\twork\tVERB\tVBZ\t_\t0\troot\t_\t_\n"
    "\n1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t_\n",
    "tagged": "It\tPRO\nworks\tENS\n\nYes\tITJ\n",
    "ged": "It\tc\nworks\ti\n\nYes\tc\n",
    "trees": "(S (NP (PRP It)) (VP (VBZ works)))\n\n(INTJ (UH Yes))\n",
    "factuality": json.dumps(
        {
            "a": {"sentence": ["It", "works"], "predicate_indices": [2], "labels": [3.0]},
            "b": {"sentence": ["Yes"], "predicate_indices": [1], "labels": [1]},
        },
        indent=1,
    ),
}
by_format = pytest.mark.parametrize("form", SAMPLES)
by_text_format = pytest.mark.parametrize("form", [form for form in SAMPLES if form != "factuality"])


def test_there_is_a_sample_of_each_format() -> None:
    assert set(SAMPLES) == set(FORMATS)


@by_format
def test_line_ends_space_and_byte_order_mark_change_nothing(form: str) -> None:
    sample = SAMPLES[form]
    expected = read(form, sample)
    assert [[word for word, _ in one] for one in expected] == [["It", "works"], ["Yes"]]
    for change in (
        sample.replace("\n", "\r\n"),
        sample.replace("\n", " \t\n"),
        sample.replace("\n\n", "\n \n\t\r\n\n"),
        sample.removesuffix("\n"),
        "\n\n" + sample + "\n\n \n",
        "\ufeff" + sample,
        "\ufeff" + sample.replace("\n", "\r\n"),
    ):
        assert read(form, change) == expected


@by_format
def test_only_the_line_feed_ends_a_line(form: str) -> None:
    odd = "It\u2028\u0085\u00a0É😀"
    assert words(form, SAMPLES[form].replace("It", odd)) == [[odd, "works"], ["Yes"]]


@by_format
def test_words_fit_in_a_corpus(form: str) -> None:
    read_words = words(form, SAMPLES[form].replace("It", "#\u2028"))
    write_sentences(Path("corpus.txt"), read_words)
    assert read_sentences(Path("corpus.txt")) == read_words


@by_format
def test_sentences_come_one_at_a_time(form: str) -> None:
    Path("file.txt").write_text(SAMPLES[form], encoding="utf-8")
    sentences = FORMATS[form].read(Path("file.txt"), FORMATS[form].targets[0])
    assert next(sentences).words == ["It", "works"]
    assert next(sentences).words == ["Yes"]
    assert list(sentences) == []


@by_text_format
def test_sentences_before_a_mistake_are_given(form: str) -> None:
    Path("file.txt").write_text(SAMPLES[form] + "\n" + "mistake", encoding="utf-8")
    sentences = FORMATS[form].read(Path("file.txt"), FORMATS[form].targets[0])
    assert [next(sentences).words for _ in range(2)] == [["It", "works"], ["Yes"]]
    number = SAMPLES[form].count("\n") + 2
    with pytest.raises(UserError, match=rf"^file\.txt, line {number}: expected "):
        next(sentences)


@by_format
def test_a_missing_file_and_a_folder_are_refused(form: str, tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "absent", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UserError, match=f"{path}: this file cannot be read: {reason}"):
            next(FORMATS[form].read(path, FORMATS[form].targets[0]))


@by_format
def test_other_encodings_are_refused_with_the_line(form: str) -> None:
    content = SAMPLES[form].replace("Yes", "caf\u00e9").encode("latin-1")
    line = content[: content.index(b"caf")].count(b"\n") + 1
    expected = f"file.txt, line {line}: this is no text in UTF-8; convert the file first"
    assert refusal(form, content) == expected
    assert "line 1: this is no text in UTF-8" in refusal(form, SAMPLES[form].encode("utf-16"))


@by_text_format
@pytest.mark.parametrize("content", ["", "\n", "\ufeff", " \r\n\n\t"])
def test_a_file_without_sentences_is_refused(form: str, content: str) -> None:
    expected = "file.txt: this file holds no labelled sentence; name another"
    assert refusal(form, content) == expected


# CoNLL-2000 and CoNLL-2003


def test_conll2000_has_chunks_and_parts_of_speech() -> None:
    text = "The DT B-NP\npound NN I-NP\nfell VBD B-VP\n. . O\n"
    assert read("conll2000", text) == [
        [("The", "B-NP"), ("pound", "I-NP"), ("fell", "B-VP"), (".", "O")]
    ]
    assert tags("conll2000", text, "pos") == ["DT NN VBD ."]


def test_nothing_is_a_comment_in_conll2000() -> None:
    text = "# # B-NP\n1 CD I-NP\n\n-DOCSTART- NN I-NP\n"
    assert words("conll2000", text) == [["#", "1"], ["-DOCSTART-"]]


def test_columns_may_be_separated_by_several_blanks_or_tabs() -> None:
    assert read("conll2000", " It  PRP\tB-NP\n\tis VBZ \tB-VP\n") == [
        [("It", "B-NP"), ("is", "B-VP")]
    ]


def test_conll2003_has_entities_chunks_and_parts_of_speech() -> None:
    text = (
        "-DOCSTART- -X- -X- O\n\nEU NNP I-NP I-ORG\nrejects VBZ I-VP O\n# # I-NP O\n"
        "-DOCSTART- -X- O O\nBonn NNP I-NP I-LOC\nParis NNP B-NP B-LOC\n\n-DOCSTART-\n"
    )
    assert read("conll2003", text) == [
        [("EU", "I-ORG"), ("rejects", "O"), ("#", "O")],
        [("Bonn", "I-LOC"), ("Paris", "B-LOC")],
    ]
    assert tags("conll2003", text, "chunk") == ["I-NP I-VP I-NP", "I-NP B-NP"]
    assert tags("conll2003", text, "pos") == ["NNP VBZ #", "NNP NNP"]


@pytest.mark.parametrize(
    ("form", "line", "expected"),
    [
        ("conll2000", "It PRP", "word, POS and chunk separated by spaces, found 2 fields"),
        ("conll2000", "It", "word, POS and chunk separated by spaces, found 1 field"),
        ("conll2000", "EU NNP I-NP I-ORG", "word, POS and chunk separated by spaces, found 4 f"),
        ("conll2003", "EU NNP I-NP", "word, POS, chunk and NER separated by spaces, found 3 f"),
        ("conll2003", "EU\u00a0NNP I-NP O", "word, POS, chunk and NER separated by spaces, found"),
    ],
)
def test_lines_of_too_few_or_too_many_columns_are_refused(
    form: str, line: str, expected: str
) -> None:
    message = refusal(form, f"{SAMPLES[form]}\n{line}\n")
    number = SAMPLES[form].count("\n") + 2
    assert message.startswith(f"file.txt, line {number}: expected {expected}")


@pytest.mark.parametrize("tag", ["X-NP", "B-", "I-", "B", "I", "NP", "S-NP", "BNP", "o", "b-NP"])
def test_tags_that_are_none_of_spans_are_refused(tag: str) -> None:
    expected = f"file.txt, line 2: expected a tag such as B-NP, I-NP or O, found {tag!r}"
    assert refusal("conll2000", f"a DT B-NP\nb NN {tag}\n") == expected
    assert refusal("conll2003", f"a DT X O\nb NN X {tag}\n") == expected
    assert refusal("conll2003", f"a DT O X\nb NN {tag} X\n", "chunk") == expected
    # Columns that are not read may hold anything.
    assert tags("conll2000", f"a DT B-NP\nb NN {tag}\n", "pos") == ["DT NN"]


def test_types_of_spans_may_hold_anything() -> None:
    assert tags("conll2000", "a X B-NP-SBJ\nb X I--\nc X B-1\n") == ["B-NP-SBJ I-- B-1"]


# CoNLL-X and CoNLL-U

TREEBANK = """\
# newdoc id = weblog
# sent_id = 1
# text = Vámonos al mar, 10 000 _
1-2\tVámonos\t_\t_\t_\t_\t_\t_\t_\tSpaceAfter=No
1\tVamos\tir\tVERB\tv\tMood=Imp\t0\troot\t_\t_
2\tnos\tnosotros\tPRON\t_\tCase=Acc\t1\tobj:refl\t_\t_
2.1\tnada\tnada\tNOUN\tn\t_\t_\t_\t1:obj\t_
3-4\tal\t_\t_\t_\t_\t_\t_\t_\t_
3\ta\ta\tADP\tp\t_\t5\tcase\t_\t_
# a comment in between ends no sentence
4\tel\tel\tDET\td\t_\t5\tdet\t_\t_
5\tmar\tmar\tNOUN\tn\t_\t1\tobl\t_\t_
6\t10 000\t10 000\tNUM\tm\t_\t1\tdep\t_\t_
7\t_\t_\tSYM\ts\t_\t1\tdep\t_\t_

# sent_id = 2
0.1\tnada\tnada\tNOUN\tn\t_\t_\t_\t1:obj\t_
1\t#\t#\tSYM\ts\t_\t0\troot\t_\tSpaceAfter=No


# a comment of no sentence

1-2\tno\t_\t_\t_\t_\t_\t_\t_\t_
"""


def test_conllu_has_the_syntactic_words() -> None:
    assert words("conllu", TREEBANK) == [
        ["Vamos", "nos", "a", "el", "mar", "10\u00a0000", "_"],
        ["#"],
    ]


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("upos", ["VERB PRON ADP DET NOUN NUM SYM", "SYM"]),
        ("xpos", ["v None p d n m s", "s"]),
        ("deprel", ["root obj:refl case det obl dep dep", "root"]),
    ],
)
def test_conllu_has_targets_by_column(target: str, expected: list[str]) -> None:
    assert tags("conllu", TREEBANK, target) == expected


def test_an_underscore_is_no_target() -> None:
    assert read("conllu", TREEBANK, "xpos")[0][1] == ("nos", None)


def test_a_sentence_without_targets_is_kept() -> None:
    bare = "1\t_\t_\tX\t_\n"
    sample = SAMPLES["conllx"]
    assert tags("conllx", f"{bare}\n{sample}\n{bare}") == ["None", "PRP VBZ", "UH", "None"]


def test_a_treebank_without_a_layer_is_refused() -> None:
    lines = [line.split("\t") for line in SAMPLES["conllu"].split("\n")]
    content = "\n".join(
        "\t".join([*line[:4], "_", *line[5:]]) if line[1:] else "" for line in lines
    )
    assert tags("conllu", content) == ["PRON VERB", "INTJ"]
    assert refusal("conllu", content, "xpos") == (
        "file.txt: no word has a value of xpos; name another file, or another target "
        "(upos, xpos, deprel)"
    )


def test_a_treebank_without_words_is_refused() -> None:
    content = "".join(f"{i}\t_\t_\tX\tX\t_\t0\troot\t_\t_\n" for i in range(1, 4))
    expected = "file.txt: every word is _, so they were withheld; put them back first"
    assert refusal("conllu", content + "\n" + content) == expected
    assert words("conllu", content + "\n" + SAMPLES["conllu"])[0] == ["_", "_", "_"]


def test_conllx_has_two_layers_of_parts_of_speech() -> None:
    text = (
        "# a comment\n1\tNew York\t_\tN\tNNP\t_\t2\tSBJ\t_\t_\n# another\n"
        "2\t#\t_\tS\t_\t_\t0\tROOT\t_\t_\n\n1\t.\t.\t.\t$.\n"
    )
    assert read("conllx", text) == [[("New\u00a0York", "NNP"), ("#", None)], [(".", "$.")]]
    assert tags("conllx", text, "coarse-pos") == ["N S", "."]


NINE = "\t".join("123456789")


@pytest.mark.parametrize(
    ("form", "line", "expected"),
    [
        ("conllu", NINE, "10 columns separated by tabs, found 9 fields"),
        ("conllu", f"{NINE}\t10\t11", "10 columns separated by tabs, found 11 fields"),
        ("conllu", "1 It it PRON PRP _ 2 nsubj _ _", "10 columns separated by tabs, found 1 field"),
        ("conllx", "1\tIt\tit\tP", "5 to 10 columns separated by tabs, found 4 fields"),
        ("conllx", f"{NINE}\t10\t11", "5 to 10 columns separated by tabs, found 11 fields"),
        ("conllu", f"x{NINE}\t_", "1 in the first column, found 'x1'; words are counted from 1"),
        ("conllx", "2\tIt\tit\tP\tP", "1 in the first column, found '2'; words are counted from"),
        ("conllx", "1-2-3\tIt\tit\tP\tP", "1 in the first column, found '1-2-3'"),
        ("conllx", "1\t\tit\tP\tP", "_ where there is no value, found an empty column"),
        ("conllx", "1\tIt\tit\tP\t\t_", "_ where there is no value, found an empty column"),
    ],
)
def test_malformed_lines_of_treebanks_are_refused(form: str, line: str, expected: str) -> None:
    number = SAMPLES[form].count("\n") + 3
    message = refusal(form, f"{SAMPLES[form]}\n# text\n{line}\n")
    assert message.startswith(f"file.txt, line {number}: expected {expected}")


def test_sentences_that_are_not_separated_are_refused() -> None:
    assert refusal("conllx", SAMPLES["conllx"].replace("\n\n", "\n")) == (
        "file.txt, line 3: expected 3 in the first column, found '1'; words are counted from 1, "
        "and an empty line separates sentences"
    )


# Semantic tags, grammatical errors


def test_words_are_split_at_tildes_and_blanks() -> None:
    text = "10~pm\tCLO\nNew York~~City\tGPE\n~5 \tQUC\nin~front~of~\tREL\n"
    assert read("tagged", text) == [
        [("10", "CLO"), ("pm", "CLO")]
        + [("New", "GPE"), ("York", "GPE"), ("City", "GPE")]
        + [("5", "QUC")]
        + [("in", "REL"), ("front", "REL"), ("of", "REL")]
    ]


def test_a_word_of_tildes_stays() -> None:
    assert read("tagged", "~\tINV\n ~~ \tX\nx\tY\n") == [[("~", "INV"), ("~~", "X"), ("x", "Y")]]


def test_nothing_is_a_comment_among_tagged_words() -> None:
    assert words("tagged", "#\tHAS\n# x\tHAS\n") == [["#", "#", "x"]]
    assert words("ged", "#\tc\n~\ti\n") == [["#", "~"]]


def test_grammatical_errors_are_read() -> None:
    assert read("ged", "I\tc\nis\ti\n\n1 000\tc\n") == [
        [("I", "c"), ("is", "i")],
        [("1\u00a0000", "c")],
    ]


@pytest.mark.parametrize(
    ("form", "line", "expected"),
    [
        ("tagged", "It PRO", "word and tag separated by a tab, found 1 field"),
        ("tagged", "It\t", "word and tag separated by a tab, found 1 field"),
        ("tagged", "It\tit\tPRO", "word and tag separated by a tab, found 3 fields"),
        ("tagged", "\tPRO", "word and tag separated by a tab, found no word"),
        ("tagged", "  \tPRO", "word and tag separated by a tab, found no word"),
        ("ged", "It", "word and c or i separated by a tab, found 1 field"),
        ("ged", "It\tc\ti", "word and c or i separated by a tab, found 3 fields"),
        ("ged", " \tc", "word and c or i separated by a tab, found no word"),
        ("ged", "It\tx", "c or i after the word, found 'x'"),
        ("ged", "It\tC", "c or i after the word, found 'C'"),
    ],
)
def test_malformed_pairs_are_refused(form: str, line: str, expected: str) -> None:
    assert refusal(form, f"\nIt\tc\n\n{line}\n") == f"file.txt, line 4: expected {expected}"


# Event factuality


def entry(**changes: object) -> str:
    good = {"sentence": ["He", "left"], "predicate_indices": [2], "labels": [2.5]}
    return json.dumps({"train-1": good, "train-2": good | changes})


def test_only_predicates_have_a_target() -> None:
    assert read("factuality", entry(predicate_indices=[2, 1], labels=[-3, 0.0])) == [
        [("He", None), ("left", 2.5)],
        [("He", 0.0), ("left", -3.0)],
    ]
    values = read("factuality", entry(labels=[3]))[1]
    assert isinstance(values[1][1], float)


@pytest.mark.parametrize("sentence", [["He", "left"], []])
def test_sentences_without_predicates_are_left_out(sentence: list[str]) -> None:
    content = entry(sentence=sentence, predicate_indices=[], labels=[])
    assert len(read("factuality", content)) == 1


def test_missing_indices_are_none() -> None:
    content = json.dumps({"a": {"sentence": ["x"]}, "b": json.loads(entry())["train-1"]})
    assert words("factuality", content) == [["He", "left"]]


def test_space_inside_a_word_becomes_a_no_break_space() -> None:
    assert read("factuality", entry(sentence=["a b\n\t", "\u2028c"]))[1] == [
        ("a\u00a0b\u00a0\u00a0", None),
        ("\u2028c", 2.5),
    ]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"sentence": "He left"}, "expected a list in sentence"),
        ({"sentence": None}, "expected a list in sentence"),
        ({"predicate_indices": 2}, "expected a list in predicate_indices"),
        ({"labels": {"2": 2.5}}, "expected a list in labels"),
        ({"sentence": ["He", ""]}, "expected words in sentence, none of them empty"),
        ({"sentence": ["He", 1]}, "expected words in sentence, none of them empty"),
        ({"sentence": ["He", "\ud800"]}, "'utf-8' codec can't encode character '\\ud800'"),
        ({"labels": []}, "there are 1 predicate_indices but 0 labels"),
        ({"predicate_indices": []}, "there are 0 predicate_indices but 1 labels"),
        ({"predicate_indices": [1, 2]}, "there are 2 predicate_indices but 1 labels"),
        ({"predicate_indices": [0]}, "expected predicate_indices from 1 to 2, found 0"),
        ({"predicate_indices": [3]}, "expected predicate_indices from 1 to 2, found 3"),
        ({"predicate_indices": [-1]}, "expected predicate_indices from 1 to 2, found -1"),
        ({"predicate_indices": [1.0]}, "expected predicate_indices from 1 to 2, found 1.0"),
        ({"predicate_indices": ["1"]}, 'expected predicate_indices from 1 to 2, found "1"'),
        ({"predicate_indices": [True]}, "expected predicate_indices from 1 to 2, found true"),
        ({"predicate_indices": [2, 2], "labels": [1, 2]}, "the predicate index 2 stands twice"),
        ({"labels": [float("nan")]}, "expected finite numbers in labels, found NaN"),
        ({"labels": [float("-inf")]}, "expected finite numbers in labels, found -Infinity"),
        ({"labels": [10**400]}, "expected finite numbers in labels, found 1000"),
        ({"labels": [None]}, "expected finite numbers in labels, found null"),
        ({"labels": ["2.5"]}, 'expected finite numbers in labels, found "2.5"'),
        ({"labels": [False]}, "expected finite numbers in labels, found false"),
    ],
)
def test_malformed_sentences_are_refused_by_name(changes: dict[str, object], expected: str) -> None:
    message = refusal("factuality", entry(**changes))
    assert message.startswith(f"file.txt, sentence 'train-2': {expected}")
    assert len(message) < 200


def test_an_entry_that_is_no_object_is_refused() -> None:
    expected = "expected an object with sentence, predicate_indices and labels"
    assert refusal("factuality", '{"a": []}') == f"file.txt, sentence 'a': {expected}"


def test_a_list_of_sentences_is_refused() -> None:
    expected = "file.txt: expected a JSON object of sentences by their identifiers"
    assert refusal("factuality", "[]") == expected


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ('{"a": {\n  "sentence" ["x"]}}', "line 2 column 14"),
        ("", "line 1 column 1"),
        ("{}\n{}", "line 2 column 1"),
    ],
)
def test_wrong_json_is_refused_with_its_position(content: str, place: str) -> None:
    message = refusal("factuality", content)
    assert message.startswith("file.txt: this is no JSON: ")
    assert place in message


def test_json_that_python_cannot_hold_is_refused() -> None:
    assert "this is no JSON" in refusal("factuality", "[" * 200_000)
    assert "this is no JSON" in refusal("factuality", '{"a": ' + "1" * 5000 + "}")


def test_a_file_without_predicates_is_refused() -> None:
    for content in ("{}", '{"a": {"sentence": ["x"], "predicate_indices": [], "labels": []}}'):
        assert "holds no labelled sentence" in refusal("factuality", content)


# Trees


def levels(content: str) -> list[list[str]]:
    return [tags("trees", content, target) for target in FORMATS["trees"].targets]


def test_targets_are_the_labels_above_the_part_of_speech() -> None:
    tree = "(S (NP (DT The) (ADJP (JJ old)) (NN dog)) (VP (VBZ barks)) (. .))"
    assert words("trees", tree) == [["The", "old", "dog", "barks", "."]]
    assert levels(tree) == [
        ["NP ADJP NP VP S"],
        ["S NP S S None"],
        ["None S None None None"],
    ]


@pytest.mark.parametrize("root", ["TOP", "VROOT", "", " "])
def test_an_outermost_node_without_a_label_of_its_own_is_removed(root: str) -> None:
    assert levels(f"({root} (S (NP (PRP It)) (VP (VBZ is))))") == [
        ["NP VP"],
        ["S S"],
        ["None None"],
    ]
    # Also where it has several children, or one that is a part of speech.
    assert levels(f"({root} (NP (NN dog)) (. .))")[:2] == [["NP None"], ["None None"]]


def test_only_the_outermost_node_is_removed() -> None:
    assert levels("(TOP (TOP (VROOT (NN dog))))") == [["VROOT"], ["TOP"], ["None"]]
    assert levels("(ROOT (S (NN dog)))")[1] == ["ROOT"]
    assert levels("(S (TOP (NN dog)))")[0] == ["TOP"]


def test_a_tree_may_be_one_word() -> None:
    assert levels("(NN dog)") == levels("(TOP (NN dog))") == levels("(TOP dog)") == [["None"]] * 3


def test_brackets_are_written_out() -> None:
    escaped = ["-LRB-", "-RRB-", "-LCB-", "-RCB-", "-LSB-", "-RSB-", "-LRB-x", "-lrb-"]
    tree = "(S (PRN {}))".format(" ".join(f"(-LRB- {word})" for word in escaped))
    assert words("trees", tree) == [["(", ")", "{", "}", "[", "]", "-LRB-x", "-lrb-"]]


def test_empty_elements_are_no_words() -> None:
    tree = (
        "(S (NP-SBJ-1 (PRP It)) (VP (VBD was) (NP (-NONE- *-1)) (S (NP (-NONE- 0)) (VP (VB x)))))"
    )
    assert levels(tree) == [["NP-SBJ-1 VP VP"], ["S S S"], ["None None VP"]]
    assert words("trees", f"(S (NP (-NONE- *)))\n{tree}\n") == [["It", "was", "x"]]
    assert "no labelled sentence" in refusal("trees", "(S (NP (-NONE- *)))")


def test_comments_and_empty_lines_separate_nothing() -> None:
    content = "# ID 1\n(S (NN a))\n\n#(S (NN b))\n\n\n(NP (NN # )(NN c))\n# end"
    assert words("trees", content) == [["a"], ["#", "c"]]


def test_space_in_trees_is_free() -> None:
    assert levels("\t( S( NP\t(NN  dog ) )(VP(VBZ barks)))  ") == levels(
        "(S (NP (NN dog)) (VP (VBZ barks)))"
    )


def test_deep_trees_are_read_quickly() -> None:
    depth = 200_000
    tree = "(X " * depth + "(NN dog)" + ")" * depth
    start = time.perf_counter()
    assert tags("trees", tree, "great-grandparent") == ["X"]
    assert time.perf_counter() - start < 10


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("dog", "character 1"),
        (")", "character 1"),
        ("(NN dog", "its end"),
        ("(S (NN dog)", "its end"),
        ("(S", "its end"),
        ("(NN dog))", "character 9"),
        ("(NN dog) (NN cat)", "character 10"),
        ("(NN dog) cat", "character 10"),
        ("(NP dog cat)", "character 9"),
        ("(NP dog (NN cat))", "character 9"),
        ("(NP (NN dog) cat)", "character 14"),
        ("(S (NP) (NN dog))", "character 7"),
        ("(S ((NN dog)))", "character 4"),
        ("()", "character 2"),
        ("(())", "character 2"),
        ("(TOP (()))", "character 6"),
        ("( )", "character 3"),
    ],
)
def test_lines_that_are_no_tree_are_refused(line: str, place: str) -> None:
    assert refusal("trees", f"# comment\n\n(NN dog)\n{line}\n") == (
        "file.txt, line 4: expected one tree such as (S (NP (PRP It)) (VP (VBZ works))), "
        f"wrong at {place}"
    )


LABELS = st.sampled_from(["S", "NP", "VP-TPC", "TOP", "VROOT", "-NONE-", "-LRB-", "X=2"])
TOKENS = st.sampled_from(["dog", "-LRB-", "-RSB-", "#", "é", "*T*-1"])
LEAVES = st.tuples(LABELS, TOKENS)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.tuples(LABELS.filter(lambda x: x != "-NONE-"), st.lists(inner, min_size=1)),
    max_leaves=25,
)


def bracketed(tree: tuple) -> str:
    label, inner = tree
    return f"({label} {inner if isinstance(inner, str) else ' '.join(map(bracketed, inner))})"


def ancestors(tree: tuple, above: tuple[str, ...] = ()) -> list[tuple[str, list[str]]]:
    """Each word and the labels above its part of speech, the nearest first, without end."""
    label, inner = tree
    if isinstance(inner, str):
        unescaped = inner.replace("-LRB-", "(").replace("-RSB-", "]")
        return [] if label == "-NONE-" else [(unescaped, [*above, "None", "None", "None"])]
    return [one for part in inner for one in ancestors(part, (label, *above))]


@settings(deadline=None)
@given(st.lists(TREES, min_size=1, max_size=4), st.booleans())
def test_trees_agree_with_a_recursive_reading(trees: list[tuple], wrapped: bool) -> None:
    content = "\n".join(f"( {bracketed(tree)} )" if wrapped else bracketed(tree) for tree in trees)
    expected = []
    for tree in trees:
        label, inner = tree
        removed = not wrapped and label in ("TOP", "VROOT") and not isinstance(inner, str)
        parts = inner if removed else [tree]
        expected.append([one for part in parts for one in ancestors(part)])
    expected = [one for one in expected if one]
    if not expected:
        assert "no labelled sentence" in refusal("trees", content)
        return
    for place, target in enumerate(FORMATS["trees"].targets):
        assert read("trees", content, target) == [
            [(word, above[place]) for word, above in one] for one in expected
        ]


# Any content

CONTENT = st.lists(
    st.sampled_from(
        [*"ab#~()_\n\n\n\t\t 1", "B-X", "O", "-DOCSTART-", "1\ta\t_\tX\tY\n", "\r\n", "é"]
    )
).map("".join)


@settings(deadline=None)
@given(st.sampled_from(sorted(FORMATS)), CONTENT | st.binary())
def test_any_content_is_read_or_refused_in_a_sentence(form: str, content: str | bytes) -> None:
    for target in FORMATS[form].targets:
        try:
            sentences = read(form, content, target)
        except UserError as error:
            assert str(error).startswith("file.txt")
            assert "\n" not in str(error)
        else:
            write_sentences(
                Path("corpus.txt"), [[word for word, _ in sentence] for sentence in sentences]
            )


WORDS = st.text(st.characters(exclude_characters="\ufeff"), max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-1, 3) | st.floats() | st.sampled_from(["", "a", " "]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=5,
)
ENTRIES = st.dictionaries(
    st.text(max_size=2),
    st.fixed_dictionaries(
        {},
        optional={
            "sentence": st.lists(WORDS, max_size=3) | VALUES,
            "predicate_indices": st.lists(st.integers(0, 4), max_size=3) | VALUES,
            "labels": st.lists(st.floats(-3, 3), max_size=3) | VALUES,
        },
    )
    | VALUES,
    max_size=3,
)


@settings(deadline=None)
@given(ENTRIES | VALUES)
def test_any_json_is_read_or_refused_in_a_sentence(entries: object) -> None:
    try:
        sentences = read("factuality", json.dumps(entries))
    except UserError as error:
        assert str(error).startswith("file.txt")
        assert "\n" not in str(error)
    else:
        corpus = [[word for word, _ in sentence] for sentence in sentences]
        write_sentences(Path("corpus.txt"), corpus)
        assert read_sentences(Path("corpus.txt")) == corpus


def test_a_long_file_is_read_quickly() -> None:
    random.seed(0)
    lines = [f"w{random.randrange(5000)} NN B-NP" for _ in range(100_000)]
    content = "\n\n".join("\n".join(lines[i : i + 20]) for i in range(0, len(lines), 20))
    start = time.perf_counter()
    assert len(read("conll2000", content)) == 5000
    assert time.perf_counter() - start < 10
