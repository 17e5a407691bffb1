# SPDX-License-Identifier: BSD-2-Clause
"""``Region`` and ``RegionSet`` under the import path that gtars' users know."""

from bedtok._regions.region import Region
from bedtok._regions.region_set import RegionSet

__all__ = ["Region", "RegionSet"]
