"""A concave relaxation of choosing a set by log-determinants, and the upper bound that it proves.

The objective is Σ_M ½ log det M_AA over positive definite matrices M that share A, |A| = q. For
κ and κ⁻¹ it is MI(A; V∖A). With x the indicator of A, X = diag(x), and any G = diag(g) and
E = diag(e) of positive numbers,

    2 log det M_AA = log det(M G X M + E (I − X)) − Σ x log g − Σ (1 − x) log e,

as the determinant is that of M_AA G_A M_AA times that of E outside A. The right side is concave in
x, so its maximum over 0 ≤ x ≤ 1, Σ x = q is an upper bound: the "linx" bound of Anstreicher (2020,
"Efficient solution of maximum-entropy sampling problems"), there with one number for g. It is
convex in log g and log e (by Cauchy and Binet the determinant is a sum of products of them with
positive coefficients), and where their gradients vanish,

    g_i (M W M)_ii = 1,    e_i W_ii = 1,    W = (M G X M + E (I − X))⁻¹,

which is iterated here beside Newton steps in x. Any x, g and e prove a bound: a concave function
lies below its tangent, whose maximum over x is the sum of the q largest slopes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]
Stack = NDArray[np.float64]

# Scalings move by at most this factor of e, and by half of what the fixed point asks: they act
# upon each other.
_LARGEST_MOVE = 1.0
_DAMPING = 0.5
# The barrier that keeps x inside its box weakens from step to step, down to this.
_WEAKEST_BARRIER = 5e-4
# A point is near enough to the relaxation's maximum when its bound is off by this share of what is
# left to prove.
_NEAR = 0.1


@dataclass(frozen=True)
class Effort:
    """How long to look for a good point.

    Attributes:
        steps: at most.
        barrier: weight of Σ log x + log(1 − x) in the first step.
        decay: its factor from step to step.
    """

    steps: int
    barrier: float
    decay: float


THOROUGH = Effort(steps=60, barrier=0.1, decay=0.85)
# From a point near by.
BRIEF = Effort(steps=8, barrier=0.01, decay=0.7)


@dataclass(frozen=True)
class Point:
    """Where a bound is computed.

    Attributes:
        x: [f], inside the box.
        scalings: [n, 2, f], log g and log e of each matrix.
    """

    x: Vector
    scalings: Stack

    def restricted(self, kept: NDArray[np.intp], size: int) -> "Point":
        """The same for some of the variables, with a sum of x that suits a new size."""
        return Point(_interior(self.x[kept], size), self.scalings[:, :, kept])


@dataclass(frozen=True)
class Relaxation:
    """An upper bound and the point that proves it.

    Attributes:
        bound: on the objective.
        point: where.
        slopes: [f], of the tangent.
        spread: [f], how freely each x moves: diagonal of the inverse Hessian on Σ x = q.
    """

    bound: float
    point: Point
    slopes: Vector
    spread: Vector

    def bounds_if_in(self, size: int) -> Vector:
        """[f], bounds on sets that have a variable."""
        last = float(np.sort(self.slopes)[-size])
        loss: Vector = np.maximum(last - self.slopes, 0)
        return self.bound - loss

    def bounds_if_out(self, size: int) -> Vector:
        """[f], bounds on sets that have not."""
        next_one = float(np.sort(self.slopes)[-size - 1])
        loss: Vector = np.maximum(self.slopes - next_one, 0)
        return self.bound - loss

    def rounded(self, size: int) -> NDArray[np.intp]:
        """The variables with the largest x."""
        return np.argsort(-self.point.x, kind="stable")[:size]


def neutral_point(matrices: Sequence[Matrix], size: int) -> Point:
    """Equal shares, no scaling."""
    count = len(matrices[0])
    return Point(np.full(count, size / count), np.zeros((len(matrices), 2, count)))


def relax(
    matrices: Sequence[Matrix], size: int, start: Point, effort: Effort, target: float = -np.inf
) -> Relaxation:
    """Look for a point that proves a low bound.

    Args:
        matrices: each [f, f], symmetric positive definite.
        size: of the sets, 0 < size < f.
        start: the first point.
        target: a bound below it is low enough.

    Returns:
        The lowest bound found, and its point; an infinite bound where rounding errors leave none.
    """
    best = Relaxation(np.inf, start, np.zeros_like(start.x), np.ones_like(start.x))
    stack = np.stack(matrices)
    point, barrier = start, effort.barrier
    for _ in range(effort.steps):
        try:
            # Of a matrix too close to singular, inverses have negative entries on their diagonal.
            with np.errstate(invalid="ignore", divide="ignore"):
                value, slopes, curvature, moves, error = _evaluate(stack, point)
        except np.linalg.LinAlgError:
            break
        bound = value + _largest(slopes, size) - float(slopes @ point.x) + error
        if not np.isfinite(bound) or not np.isfinite(moves).all():
            break
        inverse = _inverse_on_plane(curvature, point.x, barrier)
        if bound < best.bound:
            best = Relaxation(bound, point, slopes, np.diag(inverse).copy())
        settled = float(np.abs(moves).max()) < _NEAR
        if best.bound < target or (settled and bound - value < _NEAR * min(bound - target, 0.05)):
            break
        uphill = slopes + barrier / point.x - barrier / (1 - point.x)
        point = Point(_step(point.x, inverse @ uphill), point.scalings - _DAMPING * moves)
        barrier = max(barrier * effort.decay, _WEAKEST_BARRIER)
    return best


def _evaluate(matrices: Stack, point: Point) -> tuple[float, Vector, Matrix, Stack, float]:
    """The relaxed objective: value, gradient and minus Hessian in x, the logarithms of what should
    be one in the scalings, and a bound on the rounding error."""
    x, logs = point.x, point.scalings
    roots = np.exp(logs / 2)
    scaled = matrices * roots[:, None, 0]
    whole = (scaled * x) @ scaled.transpose(0, 2, 1)
    diagonal = _diagonals(whole)
    diagonal += roots[:, 1] ** 2 * (1 - x)
    factor = np.asarray(np.linalg.cholesky(whole), np.float64)
    inverse = np.asarray(np.linalg.inv(whole), np.float64)
    # Entries of the sum are off by about ε √(w_ii w_jj) for each of f terms, so its log-determinant
    # by at most ε f² Σ w_ii (W)_ii, and both terms of all slopes together by twice as much: with
    # the quarter below, less than this.
    error = _EPSILON * len(x) ** 2 * float((diagonal * _diagonals(inverse)).sum())
    mixed = scaled.transpose(0, 2, 1) @ inverse
    inside = mixed @ scaled
    mixed *= roots[:, None, 1]
    outside = inverse * (roots[:, 1, :, None] * roots[:, None, 1])
    ones = np.stack([_diagonals(inside), _diagonals(outside)], axis=1)
    tilt = np.stack([x, 1 - x])
    value = 2 * float(np.log(_diagonals(factor)).sum()) - float((logs * tilt).sum())
    slopes = (ones[:, 0] - ones[:, 1] - logs[:, 0] + logs[:, 1]).sum(axis=0)
    crossed = (mixed**2).sum(axis=0)
    curvature = (inside**2 + outside**2).sum(axis=0) - crossed - crossed.T
    moves = np.clip(np.log(ones), -_LARGEST_MOVE, _LARGEST_MOVE)
    # The identity is for 2 log det, the objective has ½.
    return value / 4, slopes / 4, curvature / 4, moves, error


def _diagonals(matrices: Stack) -> Matrix:
    """[n, f], a view."""
    count, size, _ = matrices.shape
    return matrices.reshape(count, -1)[:, :: size + 1]


_EPSILON = float(np.finfo(np.float64).eps)


def _inverse_on_plane(curvature: Matrix, x: Vector, barrier: float) -> Matrix:
    """The inverse of curvature and barrier on the plane of constant Σ x."""
    whole = curvature.copy()
    whole.ravel()[:: len(x) + 1] += barrier / x**2 + barrier / (1 - x) ** 2
    inverse = np.asarray(np.linalg.inv(whole), np.float64)
    sums = inverse.sum(axis=1)
    inverse -= np.outer(sums, sums) / sums.sum()
    return inverse


def _step(x: Vector, direction: Vector) -> Vector:
    """A Newton step, shortened where it would leave the box."""
    room = np.where(direction < 0, x, 1 - x)
    return x + direction / max(1.0, float(np.max(np.abs(direction) / room)) / 0.9)


def _interior(x: Vector, size: int) -> Vector:
    """A point inside the box near x whose sum is the size."""
    x = np.clip(x, 0.01, 0.99)
    room = 1 - x if x.sum() < size else x
    x = x + room * (size - x.sum()) / room.sum()
    inner: Vector = np.clip(x, 1e-3, 1 - 1e-3)
    return inner


def _largest(values: Vector, count: int) -> float:
    return float(np.partition(values, len(values) - count)[len(values) - count :].sum())
