"""L-BFGS for many problems in step, so that what they have in common is computed once.

Each problem is a smooth convex function. It moves by itself (Nocedal and Wright 2006, chapter 7,
with backtracking): only the evaluations of those that are still running are asked for together.
Libraries evaluate one function at a time.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

# For the numbers of some problems and a point of each: the values, and the gradients.
Evaluate = Callable[[Sequence[int], Sequence[Vector]], tuple[Sequence[float], Sequence[Vector]]]

_PAIRS = 20
_SUFFICIENT_DECREASE = 1e-4
# Iterations whose gains are compared with those of as many before.
_WINDOW = 5
# Share of the tolerance that the gain of a single iteration must exceed.
_LEAST_GAIN = 0.05


def minimise(
    evaluate: Evaluate,
    starts: Sequence[Vector],
    max_iterations: int,
    tolerance: float,
    gradient_tolerance: float,
) -> tuple[list[Vector], list[int]]:
    """The minima of several functions.

    Args:
        starts: a point for each.
        max_iterations: of each.
        tolerance: estimated distance of the value from the minimum, relative to the value or to
            one, that is taken for none.
        gradient_tolerance: largest entry of a gradient that is taken for zero.

    Returns:
        The minima and the numbers of iterations.
    """
    descents = [_Descent(start, tolerance, gradient_tolerance) for start in starts]
    running = list(range(len(descents)))
    while running:
        values, gradients = evaluate(running, [descents[one].trial for one in running])
        for one, value, gradient in zip(running, values, gradients, strict=True):
            descents[one].tell(value, gradient)
        running = [
            one
            for one in running
            if not descents[one].ended and descents[one].iterations < max_iterations
        ]
    return [one.point for one in descents], [one.iterations for one in descents]


class _Descent:
    """One function on its way down.

    Attributes:
        point: where it is.
        trial: where it wants to be evaluated next.
        iterations: steps taken.
        ended: whether there is no way down any more.
    """

    def __init__(self, start: Vector, tolerance: float, gradient_tolerance: float) -> None:
        self.point = self.trial = start
        self.iterations = 0
        self.ended = False
        self._tolerance = tolerance
        self._gradient_tolerance = gradient_tolerance
        self._value = np.inf
        self._values: list[float] = []
        self._gradient = np.zeros_like(start)
        self._direction = np.zeros_like(start)
        self._slope = 0.0
        self._step = 1.0
        self._hessian = _InverseHessian(len(start))

    def tell(self, value: float, gradient: Vector) -> None:
        """Go on, given what was found at the trial point."""
        started = bool(np.isfinite(self._value))
        gain = self._value - value
        tolerance = self._tolerance * max(abs(self._value), 1.0) if started else 0.0
        negligible = _LEAST_GAIN * tolerance
        if started and gain < -_SUFFICIENT_DECREASE * self._step * self._slope:
            # As the values are rounded, a step that changes nothing may look like one upwards.
            if -self._step * self._slope <= negligible:
                self.ended = True
            else:
                self._shorten(value)
            return
        if started:
            self._hessian.learn(self.trial - self.point, gradient - self._gradient)
            self.iterations += 1
        self.point, self._value, self._gradient = self.trial, value, gradient
        self._values.append(value)
        steepest = float(np.abs(gradient).max())
        negligible_step = started and gain <= negligible
        if negligible_step or steepest <= self._gradient_tolerance or not np.isfinite(value):
            self.ended = True
            return
        self._direction = -self._hessian.times(gradient)
        self._slope = float(self._direction @ gradient)
        if self._slope >= 0:
            # Rounding has spoilt what was learned.
            self._hessian = _InverseHessian(len(gradient))
            self._direction, self._slope = -gradient, -float(gradient @ gradient)
        self._step = 1.0
        self.trial = self.point + self._direction
        self.ended = self._distance() <= tolerance

    def _distance(self) -> float:
        """Of the value from the minimum.

        The larger of two estimates: what remains if gains go on to fall by the same factor (Aitken
        1926), and the gain of a full step if the function is as it was learned.
        """
        if len(self._values) <= 2 * _WINDOW:
            return np.inf
        before, between, now = (self._values[-1 - back * _WINDOW] for back in (2, 1, 0))
        earlier, later = before - between, between - now
        if later >= earlier:
            return np.inf
        return max(later**2 / (earlier - later), -self._slope / 2)

    def _shorten(self, value: float) -> None:
        """To the lowest point of the parabola through what is known of the function."""
        curvature = value - self._value - self._step * self._slope
        shorter = -self._slope * self._step / (2 * curvature) if np.isfinite(value) else 0.0
        self._step *= min(max(shorter, 0.1), 0.5)
        self.trial = self.point + self._step * self._direction


class _InverseHessian:
    """The BFGS estimate of an inverse Hessian from the last steps, in compact form.

    With the steps as rows of S, the changes of the gradient as rows of Y, R the upper triangle of
    SYᵀ, D its diagonal, γ = sᵀy / yᵀy of the last pair and u = R⁻¹ S g (Byrd, Nocedal and Schnabel
    1994, equation 3.1):

        H g = γ g − γ Yᵀ u + Sᵀ R⁻ᵀ [(D + γ Y Yᵀ) u − γ Y g].

    It takes four products of a small matrix with a vector, where the usual recursion takes dozens
    of products of vectors.
    """

    def __init__(self, size: int) -> None:
        self._moved = np.zeros((_PAIRS, size), np.float32)
        self._turned = np.zeros((_PAIRS, size), np.float32)
        self._products = np.zeros((_PAIRS, _PAIRS))
        self._squares = np.zeros((_PAIRS, _PAIRS))
        # The places of the pairs, from the oldest to the newest.
        self._order: list[int] = []

    def learn(self, moved: Vector, turned: Vector) -> None:
        """Take a step and the change of the gradient along it into account."""
        if float(moved @ turned) <= 1e-10 * float(turned @ turned):
            return
        place = self._order.pop(0) if len(self._order) == _PAIRS else len(self._order)
        self._order.append(place)
        self._moved[place], self._turned[place] = moved, turned
        self._products[place] = self._turned @ self._moved[place]
        self._products[:, place] = self._moved @ self._turned[place]
        self._squares[place] = self._squares[:, place] = self._turned @ self._turned[place]

    def times(self, gradient: Vector) -> Vector:
        """The product H g; the gradient itself as long as nothing was learned."""
        if not self._order:
            return gradient
        rows = np.ix_(self._order, self._order)
        products, squares = np.triu(self._products[rows]), self._squares[rows]
        gamma = products[-1, -1] / squares[-1, -1]
        vector = gradient.astype(np.float32)
        along_moved = (self._moved @ vector)[self._order]
        along_turned = (self._turned @ vector)[self._order]
        first = np.linalg.solve(products, along_moved)
        middle = np.diag(products) * first + gamma * (squares @ first - along_turned)
        weights = np.zeros((2, _PAIRS), np.float32)
        weights[0, self._order] = np.linalg.solve(products.T, middle)
        weights[1, self._order] = -gamma * first
        found: Vector = gamma * gradient
        found += weights[0] @ self._moved
        found += weights[1] @ self._turned
        return found
