# SPDX-License-Identifier: BSD-2-Clause
"""Keep an editable installation of bedtok from hiding the package beside this file.

scikit-build-core's finder comes before the folders of PYTHONPATH; Python imports this module when
it starts.
"""

import sys

sys.meta_path[:] = [
    finder for finder in sys.meta_path if type(finder).__name__ != "ScikitBuildRedirectingFinder"
]
