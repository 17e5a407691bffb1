# SPDX-License-Identifier: BSD-2-Clause
"""What a tokenizer returns: named lists or arrays that unpack into a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

import numpy as np
import numpy.typing as npt

from bedtok._core import ConfigError, Encoding

_SHOWN = 6  # values of a list that `repr` shows


class BatchEncoding(MutableMapping[str, Any]):
    """A mapping from ``input_ids``, ``attention_mask`` ... to lists or arrays.

    The keys are attributes, too: ``encoding.input_ids``. ``model(**encoding)`` passes them on.

    Args:
        data: The values by name. One sample: lists of int of length L, or arrays of shape (1, L)
            and dtype int64.
        encodings: What the compiled module returned for each sample.

    Example:
        >>> from bedtok import Tokenizer
        >>> tokenizer = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
        >>> tokenizer(["chr1:150-350"])
        BatchEncoding(input_ids=[0, 1], attention_mask=[1, 1])
    """

    def __init__(
        self, data: Mapping[str, Any] | None = None, encodings: list[Encoding] | None = None
    ) -> None:
        self._data: dict[str, Any] = dict(data) if data is not None else {}
        self._encodings = encodings

    @property
    def data(self) -> dict[str, Any]:
        """The values by name."""
        return self._data

    @property
    def encodings(self) -> list[Encoding] | None:
        """One ``Encoding`` a sample, which has every array; None after pickling or by hand."""
        return self._encodings

    def __getitem__(self, key: str) -> Any:
        return self._data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(f"key: expected str, not {type(key).__name__}")
        self._data[key] = value

    def __delitem__(self, key: str) -> None:
        del self._data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._data)

    def __len__(self) -> int:
        return len(self._data)

    def __getattr__(self, name: str) -> Any:
        # Asked before `__init__` ran (by copy or pickle), `_data` itself is missing.
        data = self.__dict__.get("_data", {})
        try:
            return data[name]
        except KeyError:
            raise AttributeError(
                f"BatchEncoding has no {name!r}; it holds: {', '.join(data) or 'nothing'}"
            ) from None

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._data]

    def __eq__(self, other: object) -> bool:
        """Whether both hold the same values under the same names, lists or arrays alike."""
        if not isinstance(other, Mapping):
            return NotImplemented
        return self._data.keys() == other.keys() and all(
            _same(value, other[key]) for key, value in self._data.items()
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        values = ", ".join(f"{key}={_short(value)}" for key, value in self._data.items())
        return f"BatchEncoding({values})"

    def __reduce__(self) -> tuple[Any, ...]:
        # The encodings stay behind: workers send these objects through pipes, and whatever was
        # asked for is in the data.
        return type(self), (self._data,)


def _same(a: Any, b: Any) -> bool:
    if hasattr(a, "shape") or hasattr(b, "shape"):
        return type(a) is type(b) and bool(np.array_equal(np.asarray(a), np.asarray(b)))
    return bool(a == b)


def _short(value: Any) -> str:
    if isinstance(value, list) and len(value) > _SHOWN:
        shown = ", ".join(_short(item) for item in value[:_SHOWN])
        return f"[{shown}, ... {len(value)} in all]"
    if isinstance(value, list):
        return f"[{', '.join(_short(item) for item in value)}]"
    if hasattr(value, "shape"):
        return f"{type(value).__name__} of shape {tuple(value.shape)}, {value.dtype}"
    return repr(value)


def check_return_tensors(return_tensors: object) -> None:
    """Raise ConfigError unless ``return_tensors`` is None or a known form."""
    if return_tensors is not None and return_tensors != "np":
        raise ConfigError(f"return_tensors is {return_tensors!r}, expected None or 'np'")


def _to_tensors(
    column: npt.NDArray[np.int64], return_tensors: str | None
) -> list[int] | npt.NDArray[np.int64]:
    """Return one column of one sample as ``return_tensors`` says.

    Args:
        column: int64 array of shape (L,).
        return_tensors: ``None``: a list of L int; ``"np"``: an array of shape (1, L).
    """
    if return_tensors is None:
        values: list[int] = column.tolist()
        return values
    return column.reshape(1, -1)
