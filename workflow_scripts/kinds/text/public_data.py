"""Public text and tasks: where they are, and their checksums."""

from dataclasses import dataclass


@dataclass(frozen=True)
class PublicFile:
    """A file that is downloaded.

    Attributes:
        addresses: are tried in turn. A file .gz is unpacked; of a .parquet, the column ``text``
            is taken, a line a row.
        sha256: of the file, after unpacking it from .gz. Where it is not known, the first
            download's is recorded, and later downloads are held to that.
    """

    addresses: tuple[str, ...]
    sha256: str | None = None


HUB = "https://huggingface.co"

# The dataset repository of Salesforce, the authors' employer, at a commit: the first address, on
# s3.amazonaws.com/research.metamind.io, is gone. Public projects that calibrate on the raw
# variant publish the sha256 of its parquet at this commit; of the other none was found.
_WIKITEXT = (
    f"{HUB}/datasets/Salesforce/wikitext/resolve/b08601e04326c79dfdd32d625aee71d232d685c3/"
    "wikitext-2{raw}-v1/train-00000-of-00001.parquet"
)

# The home of the shared task, where torchtext's conll2000chunking.py has it from, and a mirror, for
# the home is down at times. The sha256 of the unpacked files are those that JuliaText's
# CorpusLoaders.jl (src/CoNLL2000_DataDeps.jl) gives.
_CONLL2000 = (
    "https://www.clips.uantwerpen.be/conll2000/chunking/{split}.txt.gz",
    "https://raw.githubusercontent.com/teropa/nlp/master/resources/corpora/conll2000/{split}.txt",
)

# Release 2.18 of Universal Dependencies (15 May 2026). Several public projects hold its files to
# these sha256, among them senzelden/denckring.
_EWT = (
    "https://raw.githubusercontent.com/UniversalDependencies/UD_English-EWT/r2.18/"
    "en_ewt-ud-{split}.conllu"
)


def _conll2000(split: str, sha256: str) -> PublicFile:
    return PublicFile(tuple(address.format(split=split) for address in _CONLL2000), sha256)


def _ewt(split: str, sha256: str) -> PublicFile:
    return PublicFile((_EWT.format(split=split),), sha256)


# By their path among the downloads.
FILES = {
    "wikitext-2.txt": PublicFile((_WIKITEXT.format(raw=""),)),
    "wikitext-2-raw.txt": PublicFile(
        (_WIKITEXT.format(raw="-raw"),),
        "e83889baabc497075506f91975be5fac0d45c5290b6b20582c8cd1e853d0c9f7",
    ),
    "conll2000/train.txt": _conll2000(
        "train", "82033cd7a72b209923a98007793e8f9de3abc1c8b79d646c50648eb949b87cea"
    ),
    "conll2000/test.txt": _conll2000(
        "test", "73b7b1e565fa75a1e22fe52ecdf41b6624d6f59dacb591d44252bf4d692b1628"
    ),
    "ud-english-ewt/train.conllu": _ewt(
        "train", "d68e06122a702464c613076523d56740f047e5bbe89dd90ec32737e04d952143"
    ),
    "ud-english-ewt/dev.conllu": _ewt(
        "dev", "39239e0a60db3ae68f4b7036189f11b6692741d10ff8240dd91f74f2760d90f8"
    ),
    "ud-english-ewt/test.conllu": _ewt(
        "test", "fa024f43dc5da3c5ac02563bc9bd0e974f46cbb1560823976a8f342a37dc494a"
    ),
}
