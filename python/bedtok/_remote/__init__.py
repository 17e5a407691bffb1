# SPDX-License-Identifier: BSD-2-Clause
"""Files behind URLs: downloaded where they are read, uploaded once they are complete."""
