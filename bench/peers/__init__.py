# SPDX-License-Identifier: BSD-2-Clause
"""The same job in the words of each library."""
