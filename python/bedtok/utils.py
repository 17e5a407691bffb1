# SPDX-License-Identifier: BSD-2-Clause
"""``.gtok`` files under the import path that gtars' users know."""

from bedtok.io.gtok import (
    read_tokens_from_gtok,
    read_tokens_from_gtok_as_strings,
    write_tokens_to_gtok,
)

__all__ = ["read_tokens_from_gtok", "read_tokens_from_gtok_as_strings", "write_tokens_to_gtok"]
