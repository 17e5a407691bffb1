# SPDX-License-Identifier: BSD-2-Clause
"""Block torch and transformers in the child processes of ``pytest --without-torch``."""

import sys

for name in ("torch", "transformers"):
    sys.modules[name] = None  # type: ignore[assignment]
