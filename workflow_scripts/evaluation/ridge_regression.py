"""Ridge regression on standardised features, in closed form."""

from collections.abc import Iterator, Sequence

import numpy as np

from workflow_scripts.evaluation.examples import Examples
from workflow_scripts.evaluation.head import LinearHead
from workflow_scripts.evaluation.standardisation import Standardisation, principal_components


def fit_ridge_path(train: Examples, penalties: Sequence[float]) -> Iterator[LinearHead]:
    """The optimum for each penalty, from the strongest to the weakest.

    It minimises half the mean squared error plus ``penalty``/2 times the squared weights of
    standardised features, whose principal components serve all penalties.
    """
    scaling = Standardisation.of(train.features)
    components, axes, variances = principal_components(scaling.apply(train.features))
    mean = train.targets.mean()
    along = components.T @ (train.targets - mean) / len(components)
    for penalty in sorted(penalties, reverse=True):
        weights = axes @ (along / (variances + penalty))
        yield scaling.head(weights[:, None], np.array([mean]), 1)
