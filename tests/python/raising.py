# SPDX-License-Identifier: BSD-2-Clause
"""How the tests look at errors."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest


def raises(kind: type[BaseException], message: str, call: Callable[[], object]) -> BaseException:
    """Check that ``call`` raises exactly ``kind`` with one line that holds ``message``."""
    with pytest.raises(kind, match=re.escape(message)) as caught:
        call()
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)
    return caught.value
