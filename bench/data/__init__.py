# SPDX-License-Identifier: BSD-2-Clause
"""Seeded data: regions, workloads that hurt, cells and collections."""
