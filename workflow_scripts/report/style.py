"""How figures look, in print and in the report: one palette (Okabe and Ito's, safe for colour-blind
readers), one sign for each method and each family of checkpoints, the same words on all axes."""

from collections.abc import Iterable

import pandas as pd

from workflow_scripts.common.score_text import gain_unit, metric_name

GREY = "#7f7f7f"
DARK = "#404040"
PALETTE = ["#0072B2", "#009E73", "#D55E00", "#CC79A7", "#E69F00", "#56B4E9", "#000000"]
MARKERS = ["o", "s", "^", "D", "v", "P", "X"]

# The same signs in Vega, which draws the report: paths lie in a square from −1 to 1.
SHAPES = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "M-1,-0.6L-0.6,-1L0,-0.4L0.6,-1L1,-0.6L0.4,0L1,0.6L0.6,1L0,0.4L-0.6,1L-1,0.6L-0.4,0Z",
}

# What the colours become on a dark page: lighter where they would be too near to its black.
ON_DARK = {
    GREY: "#9a9aa6",
    DARK: "#c9c9d2",
    "#0072B2": "#3d8ee0",
    "#009E73": "#12b98a",
    "#D55E00": "#f0762a",
    "#CC79A7": "#dd92bb",
    "#E69F00": "#f0b13a",
    "#56B4E9": "#8fd0f7",
    "#000000": "#f4f4f6",
}

# Methods that have a place of their own in the palette, whatever else is in the zoo.
_USUAL = ["mmi", "entropy", "peek", "single", "expected_risk", "quality_entropy", "mmi_swap"]
_USUAL += ["mmi_exact", "facility_location", "k_medoids", "hub", "greedy_dev", "logme", "h_score"]
# Where the colours of a user's own labels begin: with those that the usual ones take last.
_OWN = 18

# What axes and legends say, with units.
SIZE = "checkpoints picked, k"
INFORMATION = "MI(picks; rest), nats"
INFORMATION_OF_SET = "MI(set; rest), nats"
ALIGNMENT = "kernel alignment κ"
WARD = "Ward distance"
UNITS = "units of the probe"
DIVERGENCE = "KL(all units ‖ first units), nats"
COSINE = "cosine of the two matrices"
SHARE = "picked from random halves of the probe"
MAP = ("first axis of the map, in 1 − κ", "second axis, in 1 − κ")
BOUND = "upper bound for any set"
BEATEN = ("random sets of the size beaten", "(95% interval)")


def mean_score_label(metric: str, tasks: int) -> str:
    """The label of mean scores over so many tasks."""
    return f"mean test {metric_name(metric)} over {tasks} task{'s' * (tasks > 1)}"


def gain_label(metric: str) -> str:
    """The label of gains over random sets, whose unit goes by the metric."""
    return f"gain over the mean of random sets, {gain_unit(metric)} (95% interval)"


def method_styles(methods: Iterable[str]) -> dict[str, tuple[str, str]]:
    """A colour and a marker for each method, the same in every figure and table of a zoo.

    Args:
        methods: with all of the user's own labels, whose colours go by their order.
    """
    own = sorted(set(methods) - set(_USUAL))
    places = {method: place for place, method in enumerate(_USUAL)}
    places |= {method: _OWN + number for number, method in enumerate(own)}
    return {method: _sign(place) for method, place in places.items()}


def family_styles(families: Iterable[str]) -> dict[str, tuple[str, str]]:
    """A colour and a marker for each family of checkpoints, the same in every figure of a zoo."""
    return {family: _sign(place) for place, family in enumerate(sorted(set(families)))}


def _sign(place: int) -> tuple[str, str]:
    """Colours repeat after seven places, colour and marker together after 49."""
    markers = len(MARKERS)
    return PALETTE[place % len(PALETTE)], MARKERS[(place + place // markers) % markers]


def place_of_no_probe(units: "pd.Series[float]") -> float:
    """Where no probe stands on a logarithmic axis of units: left of the fewest, by a quarter of
    what the units take of the axis.

    Args:
        units: of all steps and probes; those of no probe are 0.
    """
    some = units[units > 0]
    return float(some.min() / max((some.max() / some.min()) ** 0.25, 2))
