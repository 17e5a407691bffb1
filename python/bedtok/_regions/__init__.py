# SPDX-License-Identifier: BSD-2-Clause
"""Inputs of every form to columns of regions."""
