"""Entries of a centred Gram matrix at shared pairs of units: a sketch of a checkpoint's features.

With K = X Xᵀ without its diagonal and r = K 1, the U-centred matrix of Székely and Rizzo (2014,
"Partial distance correlation with methods for dissimilarities", definition 2) has the entries

    Ã_st = K_st − (r_s + r_t) / (n − 2) + 1ᵀr / ((n − 1)(n − 2)),    s ≠ t,

and the debiased HSIC of two checkpoints is the mean of Ã_st B̃_st over all pairs s ≠ t, up to a
factor n / (n − 3) that cancels in κ. A mean over pairs drawn at random estimates it without bias,
so the cosine of two checkpoints' entries at the same p pairs estimates κ, with an error that goes
with 1/√p. Only pairs of different units come in, so there is no such sketch of the biased κ, whose
bias comes from the diagonal.
"""

import hashlib
from math import comb

import numpy as np
from numpy.typing import NDArray

# Of a pair, which takes 16 bytes of a hash.
_PAIRS_OF_A_HASH = 2


def draw_pairs(units: int, seed: int, first: int, count: int) -> NDArray[np.int64]:
    """Pairs of different units, [count, 2], from an endless sequence that only these decide.

    The sequence is the same on every machine. Where it would begin with as many pairs as there are
    or more, each is taken exactly once instead.

    Args:
        units: at least 4.
        first: where in the sequence to begin, an even number.

    Raises:
        ValueError: if there are too few units, or ``first`` is odd.
    """
    if units < 4:
        raise ValueError(f"fingerprints need at least 4 units, there are {units}")
    if first % _PAIRS_OF_A_HASH:
        raise ValueError("the first pair must have an even number")
    if first == 0 and count >= comb(units, 2):
        return np.stack(np.triu_indices(units, 1), axis=1)
    hashes = range(first // _PAIRS_OF_A_HASH, -(-(first + count) // _PAIRS_OF_A_HASH))
    text = b"".join(hashlib.sha256(f"pairs {seed} {one}".encode()).digest() for one in hashes)
    numbers = np.frombuffer(text, np.dtype("<u8")).reshape(-1, 2)[:count]
    left = (numbers[:, 0] % np.uint64(units)).astype(np.int64)
    right = (numbers[:, 1] % np.uint64(units - 1)).astype(np.int64)
    return np.stack([left, right + (right >= left)], axis=1)


def centred_entries(
    features: NDArray[np.floating], present: NDArray[np.bool_], pairs: NDArray[np.int64]
) -> NDArray[np.float32]:
    """The entries Ã_st at pairs of units, float32 [p].

    With features of mean zero the row sums of K without its diagonal are r_s = −‖x_s‖², so two
    passes over the features are enough, block by block.

    Args:
        features: [n, d].
        present: [n], which units the checkpoint has; it is centred over these, and pairs with
            others have no entry.
        pairs: [p, 2].

    Raises:
        ValueError: if fewer than 4 units are present, or the features do not vary.
    """
    units = np.flatnonzero(present)
    count = len(units)
    if count < 4:
        raise ValueError(f"only {count} units have features, at least 4 are needed")
    blocks = [units[start : start + _BLOCK] for start in range(0, count, _BLOCK)]
    sums = [features[block].sum(axis=0, dtype=np.float64) for block in blocks]
    mean = np.sum(sums, axis=0) / count
    squares = np.zeros(len(features))
    for block in blocks:
        squares[block] = np.square(features[block] - mean).sum(axis=1)
    if not squares.sum() > 1e-12 * count * (mean @ mean):
        raise ValueError("the features do not vary")
    entries = np.full(len(pairs), np.nan)
    known = np.flatnonzero(present[pairs].all(axis=1))
    for start in range(0, len(known), _BLOCK):
        part = known[start : start + _BLOCK]
        left, right = pairs[part].T
        entries[part] = np.einsum("pd,pd->p", features[left] - mean, features[right] - mean)
    entries += squares[pairs].sum(axis=1) / (count - 2)
    entries -= squares.sum() / ((count - 1) * (count - 2))
    return entries.astype(np.float32)


_BLOCK = 4096
