"""Writes the fingerprint of a checkpoint: a sketch of its features on a probe.

The fingerprints of two checkpoints on the same probe give an estimate of κ between them; they tell
neither features nor weights, so they can be shared. Those of successive --first continue each
other.
"""

import logging
from collections.abc import Iterator, Sequence
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workflow_scripts.common.feature_file import open_features
from workflow_scripts.common.fingerprint_file import Fingerprint, write_fingerprint
from workflow_scripts.common.script import UserError, parser, positive_int, run
from workflow_scripts.common.seeded_order import seeded_integer, seeded_order

log = logging.getLogger(__name__)

# More do not make the estimate more exact, and numbers with an absent unit are more frequent.
TERMS = 8
_BLOCK = 4096
# Relative to squared norms, what rounding leaves.
_ROUNDING = 1e-12


def terms_of(units: int, first: int, count: int) -> int:
    """How many entries make up a number: one where every pair can be taken."""
    return 1 if first == 0 and count >= comb(units, 2) else TERMS


def fingerprint_numbers(
    features: NDArray[np.floating],
    present: NDArray[np.bool_],
    seed: int,
    first: int,
    count: int,
) -> NDArray[np.float32]:
    """Numbers of a fingerprint from the ``first`` on, float32.

    A number is a sum of b entries of the U-centred Gram matrix with random signs, over √b, divided
    by the root of the exact mean of Ã_st²: products of two entries of a sum have random signs
    unless they are at the same pair, so products of numbers are as free of bias as those of
    entries, but a few large entries count for less.

    Args:
        features: [n, d].
        present: [n], which units the checkpoint has.
        count: how many; from ``first`` = 0, at most as many as there are pairs, which are then
            taken exactly once, by themselves.

    Returns:
        Their squares have mean one in expectation; not a number where a unit is absent.

    Raises:
        ValueError: as :func:`draw_pairs` and :class:`CentredGram`.
    """
    units = len(present)
    terms = terms_of(units, first, count)
    if terms == 1:
        count = comb(units, 2)
    gram = CentredGram(features, present)
    scale = np.sqrt(gram.mean_square() * terms)
    entries = gram.entries(draw_pairs(units, seed, first * terms, count * terms))
    if terms > 1:
        entries *= draw_signs(seed, first * terms, count * terms)
    numbers: NDArray[np.float64] = entries.reshape(count, terms).sum(axis=1) / scale
    return numbers.astype(np.float32)


class CentredGram:
    """The U-centred Gram matrix of a checkpoint, which is never formed.

    With K = X Xᵀ without its diagonal and r = K 1, the U-centred matrix of Székely and Rizzo (2014,
    "Partial distance correlation with methods for dissimilarities", definition 2) has the entries

        Ã_st = K_st − (r_s + r_t) / (n − 2) + 1ᵀr / ((n − 1)(n − 2)),    s ≠ t,

    and the debiased HSIC of two checkpoints is the mean of Ã_st B̃_st over all pairs s ≠ t, up to a
    factor n / (n − 3) that cancels in κ. A mean over pairs drawn at random estimates it without
    bias. Only pairs of different units come in, so there is no such sketch of the biased κ, whose
    bias comes from the diagonal.

    With features of mean zero the row sums of K without its diagonal are r_s = −‖x_s‖², so the
    squared norms are all that is kept.

    Args:
        features: [n, d]; gone through block by block.
        present: [n], which units the checkpoint has; it is centred over these.

    Raises:
        ValueError: if fewer than 4 units are present, or the features are not finite or do not
            vary.
    """

    def __init__(self, features: NDArray[np.floating], present: NDArray[np.bool_]) -> None:
        self._features, self._present = features, present
        self._units = np.flatnonzero(present)
        count = len(self._units)
        if count < 4:
            raise ValueError(f"only {count} units have features, at least 4 are needed")
        sums = [features[part].sum(axis=0, dtype=np.float64) for part in self._parts()]
        self._mean = np.sum(sums, axis=0) / count
        if not np.isfinite(self._mean).all():
            raise ValueError("the features of some unit are not finite; extract them again")
        self._squares = np.zeros(len(features))
        for part in self._parts():
            self._squares[part] = np.square(self._rows(part)).sum(axis=1)
        if not self._squares.sum() > _ROUNDING * count * (self._mean @ self._mean):
            raise ValueError("the features do not vary")

    def entries(self, pairs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Ã_st at pairs [p, 2]; not a number where a unit is absent."""
        count = len(self._units)
        entries = np.full(len(pairs), np.nan)
        known = np.flatnonzero(self._present[pairs].all(axis=1))
        for start in range(0, len(known), _BLOCK):
            part = known[start : start + _BLOCK]
            left, right = pairs[part].T
            entries[part] = np.einsum("pd,pd->p", self._rows(left), self._rows(right))
        entries += self._squares[pairs].sum(axis=1) / (count - 2)
        entries -= self._squares.sum() / ((count - 1) * (count - 2))
        return entries

    def mean_square(self) -> float:
        """The mean of Ã_st² over all pairs of units that are present.

        Song et al. (2012), equation 4, with K = L and row sums −‖x_s‖².

        Raises:
            ValueError: if it is zero.
        """
        count = len(self._units)
        squares = self._squares[self._units]
        fourth = float(squares @ squares)
        inner = self._squared_norm() - fourth
        total = inner + squares.sum() ** 2 / ((count - 1) * (count - 2)) - 2 / (count - 2) * fourth
        if not total > _ROUNDING * fourth:
            raise ValueError("the features do not vary")
        return float(total / (count * (count - 1)))

    def _squared_norm(self) -> float:
        """‖X Xᵀ‖²_F with centred columns, by the smaller of XᵀX and X Xᵀ."""
        count, dim = len(self._units), self._features.shape[1]
        if dim <= count:
            products = np.zeros((dim, dim))
            for part in self._parts():
                rows = self._rows(part)
                products += rows.T @ rows
            return float(np.square(products).sum())
        everything = self._rows(self._units)
        return sum(
            float(np.square(self._rows(part) @ everything.T).sum()) for part in self._parts()
        )

    def _rows(self, units: NDArray[np.int64]) -> NDArray[np.float64]:
        rows: NDArray[np.float64] = self._features[units] - self._mean
        return rows

    def _parts(self) -> Iterator[NDArray[np.int64]]:
        return (self._units[i : i + _BLOCK] for i in range(0, len(self._units), _BLOCK))


def draw_pairs(units: int, seed: int, first: int, count: int) -> NDArray[np.int64]:
    """Pairs of different units, [count, 2], of an endless sequence that n and the seed decide.

    The units are shuffled, then paired off in the rounds of a tournament (the circle method: in
    round r those are paired whose places add up to 2r). A round has every unit once, or all but
    one, and all rounds together have every pair once; then the units are shuffled anew. So every
    stretch of the sequence has all units about equally often, and none of its pairs is drawn again
    before all were, which makes means over it less variable than those over independent pairs, and
    as free of bias.

    Args:
        units: n, at least 4; the first n (n − 1) / 2 pairs are all there are.
        first: where in the sequence to begin, from 0.

    Raises:
        ValueError: if there are too few units.
    """
    if units < 4:
        raise ValueError(f"fingerprints need at least 4 units, there are {units}")
    every = comb(units, 2)
    parts = [np.empty((0, 2), np.int64)]
    for shuffle in range(first // every, -(-(first + count) // every)):
        begin = max(first - shuffle * every, 0)
        end = min(first + count - shuffle * every, every)
        order = np.array(seeded_order(range(units), seed, "pairs", shuffle))
        parts.append(order[_tournament(units, begin, end)])
    return np.concatenate(parts)


def draw_signs(seed: int, first: int, count: int) -> NDArray[np.float64]:
    """A sign, 1 or −1, for each pair of the sequence [count].

    The highest bits of SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
    generators"), which needs no numbers before the first.
    """
    state = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    state = state * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seeded_integer(seed, "signs"))
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return np.where(state >> np.uint64(63), 1.0, -1.0)


def _tournament(units: int, begin: int, end: int) -> NDArray[np.int64]:
    """Places [end − begin, 2] of those who meet, round after round."""
    number = np.arange(begin, end)
    round_, meeting = np.divmod(number, units // 2)
    # Of an odd number of units the one at place r pauses; of an even number it meets the last.
    places = units - 1 + units % 2
    distance = meeting + units % 2
    left, right = (round_ + distance) % places, (round_ - distance) % places
    return np.stack([left, np.where(distance == 0, units - 1, right)], axis=1)


def main(argv: Sequence[str] | None = None) -> None:
    """Read the flags and features, write the fingerprint."""
    flags = parser(__doc__)
    flags.add_argument(
        "--features", type=Path, required=True, help="of a checkpoint on the probe, .safetensors"
    )
    flags.add_argument(
        "--pairs",
        type=positive_int,
        default=16384,
        help="numbers of the fingerprint, each from a few pairs of units; as many as there are "
        "pairs, or more: all pairs, once each [default: 16384]",
    )
    flags.add_argument(
        "--first", type=int, default=0, help="which number is the first [default: 0]"
    )
    flags.add_argument("--seed", type=int, default=0, help="of the pairs [default: 0]")
    flags.add_argument("--output", type=Path, required=True, help="the fingerprint, .npz")
    arguments = flags.parse_args(argv)

    if arguments.first < 0:
        raise UserError(f"--first {arguments.first}: numbers are counted from 0")
    features = open_features(arguments.features)
    units = len(features.present)
    corpus = features.metadata.get("corpus_sha256")
    if not corpus:
        raise UserError(f"{arguments.features}: it does not say of which corpus it is")
    try:
        values = fingerprint_numbers(
            features.features,
            features.present,
            arguments.seed,
            arguments.first,
            arguments.pairs,
        )
    except ValueError as error:
        raise UserError(f"{arguments.features}: {error}") from error
    fingerprint = Fingerprint(
        features.metadata.get("checkpoint", arguments.features.stem),
        corpus,
        units,
        arguments.seed,
        terms_of(units, arguments.first, arguments.pairs),
        arguments.first,
        features.digest,
        values,
    )
    write_fingerprint(arguments.output, fingerprint)
    log.info(
        "%s: %d numbers from %d pairs of %d units; %d lack a unit",
        fingerprint.checkpoint,
        len(values),
        len(values) * fingerprint.terms,
        units,
        np.isnan(values).sum(),
    )


if __name__ == "__main__":
    run(main)
