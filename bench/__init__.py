# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark: ``./run bench`` or ``python -m bench``. README.md beside this file describes it.

Data goes one way: ``data`` makes files and arrays from a seed, ``suites`` turn them into rows,
``runner`` checks and times the rows, ``results`` keeps what was measured, and ``report``, ``plots``
and ``pages`` show it.
"""
