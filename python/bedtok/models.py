# SPDX-License-Identifier: BSD-2-Clause
"""``Region``, ``RegionSet`` and ``RegionSetList`` under the import path that gtars' users know."""

from bedtok._regions.region import Region
from bedtok._regions.region_set import RegionSet
from bedtok._regions.region_set_list import RegionSetList

__all__ = ["Region", "RegionSet", "RegionSetList"]
