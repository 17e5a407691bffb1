# SPDX-License-Identifier: BSD-2-Clause
"""``python -m bedtok`` is the command line."""

import sys

from bedtok.cli import main

if __name__ == "__main__":
    sys.exit(main())
