"""Sentences longer than a network reads: truncated, or read in windows with a stride."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Windows:
    """Stretches of tokens, and the words that get their vectors from each.

    Attributes:
        starts: [w] the first token of each window.
        stops: [w] the token behind the last one.
        words: the words that get vectors, window by window.
        splits: [w + 1] where in ``words`` those of each window begin.
    """

    starts: Numbers
    stops: Numbers
    words: Numbers
    splits: Numbers


def reading_windows(
    sentence_lengths: Numbers, counts: Numbers, capacity: int | None, stride: bool
) -> Windows:
    """Cut sentences into windows.

    A sentence that fits is one window. A longer one is truncated to its first ``capacity`` tokens,
    and words that are not wholly among them get no vector. With a stride, it is read in several
    windows: each begins with a word, half a window or more behind the one before, and each word
    gets its vector from the window in which the nearer of both ends is farthest from it (the first
    of these). A word that is longer than a whole window never gets a vector, nor does one without
    tokens.

    Args:
        sentence_lengths: [s] number of words of each sentence.
        counts: [n] number of tokens of each word.
        capacity: the most tokens of a window; None if any number fits.
        stride: whether longer sentences are read with a stride, not truncated.
    """
    ends = np.cumsum(counts)
    begins = ends - counts
    last_words = np.cumsum(sentence_lengths)
    edges = np.concatenate([[0], ends])
    starts = edges[last_words - sentence_lengths]
    stops = edges[last_words]
    window_of = np.repeat(np.arange(len(starts)), sentence_lengths)
    more_starts: list[int] = []
    more_stops: list[int] = []
    if capacity is None:
        capacity = int(counts.sum())
    for sentence in np.flatnonzero(stops - starts > capacity):
        last = last_words[sentence]
        words = slice(last - sentence_lengths[sentence], last)
        if stride:
            firsts = _stride_starts(begins[words], ends[words], capacity)
        else:
            firsts = [int(starts[sentence])]
        lasts = [min(first + capacity, int(stops[sentence])) for first in firsts]
        best = _best_window(begins[words], ends[words], firsts, lasts)
        # The sentence's own window is read by no word any more; new ones come behind all others.
        window_of[words] = np.where(best < 0, -1, best + len(starts) + len(more_starts))
        more_starts += firsts
        more_stops += lasts
    window_of[counts == 0] = -1
    words_by_window = np.argsort(window_of, kind="stable")[np.sum(window_of < 0) :]
    used, sizes = np.unique(window_of[words_by_window], return_counts=True)
    return Windows(
        starts=np.concatenate([starts, np.array(more_starts, np.int64)])[used],
        stops=np.concatenate([stops, np.array(more_stops, np.int64)])[used],
        words=words_by_window,
        splits=np.concatenate([[0], np.cumsum(sizes)]),
    )


def _stride_starts(begins: Numbers, ends: Numbers, capacity: int) -> list[int]:
    """Where the windows of one sentence begin."""
    starts = []
    first = 0  # the word that the window begins with
    covered = 0  # words before this one are in a window
    while covered < len(begins):
        behind = int(np.searchsorted(ends, begins[first] + capacity, "right"))
        if behind <= first:  # the word is longer than a window
            first = covered = first + 1
            continue
        if behind > covered:
            starts.append(int(begins[first]))
            covered = behind
        half_further = int(np.searchsorted(begins, begins[first] + (capacity + 1) // 2))
        first = min(max(half_further, first + 1), covered)
    return starts


def _best_window(begins: Numbers, ends: Numbers, starts: list[int], stops: list[int]) -> Numbers:
    """The window from which each word gets its vector; -1 if none holds all of it."""
    window = np.full(len(begins), -1)
    most_context = np.full(len(begins), -1)
    for number, (start, stop) in enumerate(zip(starts, stops, strict=True)):
        inside = slice(np.searchsorted(begins, start), np.searchsorted(ends, stop, "right"))
        context = np.minimum(begins[inside] - start, stop - ends[inside])
        better = context > most_context[inside]
        most_context[inside][better] = context[better]
        window[inside][better] = number
    return window
