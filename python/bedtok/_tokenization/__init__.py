# SPDX-License-Identifier: BSD-2-Clause
"""Columns of regions to token ids, and ids to rows of one length: plain functions on ``_core``."""
