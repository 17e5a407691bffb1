# SPDX-License-Identifier: BSD-2-Clause
"""Samples that are far from the others, by a robust rule."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64s = npt.NDArray[np.float64]

FEWEST_SAMPLES = 5  # below which none is far from the others
THRESHOLD = 3.5
_SPREAD_OF_MAD = 1.4826  # of a normal distribution: standard deviations in a MAD
_LEAST_SPREAD = {"hit rate": 0.01, "tokens": 0.05}  # a percentage point; 12 % of the tokens

RULE = (
    f"An outlier has a modified z-score above {THRESHOLD} (Iglewicz and Hoaglin 1993): its "
    "distance from the median of all samples, in units of 1.4826 median absolute deviations, of "
    "the hit rate or of log10(tokens + 1). The unit is at least 0.01 of the hit rate and 0.05 of "
    f"the logarithm, so that nearly equal samples have no outliers. Below {FEWEST_SAMPLES} "
    "samples there are none."
)


def modified_z_scores(values: Float64s, least_spread: float) -> Float64s:
    """Return the distances from the median in robust standard deviations.

    Args:
        values: (samples,) float64.
        least_spread: The least unit, in units of the values; above 0.
    """
    if len(values) == 0:
        return values
    distances = values - np.median(values)
    scores: Float64s = distances / max(
        _SPREAD_OF_MAD * float(np.median(np.abs(distances))), least_spread
    )
    return scores


def find_outliers(hit_rates: Float64s, tokens: Float64s) -> dict[int, str]:
    """Return the samples that are far from the others, by position, with the reason.

    Args:
        hit_rates: (samples,) 0 to 1.
        tokens: (samples,) numbers of tokens.
    """
    if len(hit_rates) < FEWEST_SAMPLES:
        return {}
    rate_scores = modified_z_scores(hit_rates, _LEAST_SPREAD["hit rate"])
    token_scores = modified_z_scores(np.log10(tokens + 1), _LEAST_SPREAD["tokens"])
    found: dict[int, str] = {}
    for names, scores in (
        (("high hit rate", "low hit rate"), rate_scores),
        (("many tokens", "few tokens"), token_scores),
    ):
        for i in np.flatnonzero(np.abs(scores) > THRESHOLD):
            reason = f"{names[int(scores[i] < 0)]} (z {scores[i]:+.1f})"
            found[int(i)] = f"{found[int(i)]}, {reason}" if int(i) in found else reason
    return dict(sorted(found.items()))
