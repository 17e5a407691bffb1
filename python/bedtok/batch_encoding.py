# SPDX-License-Identifier: BSD-2-Clause
"""``BatchEncoding``: named lists, arrays or tensors that unpack into a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

import numpy as np

from bedtok._core import ConfigError, Encoding
from bedtok._tokenization.tensors import check_return_tensors, to_tensor

if TYPE_CHECKING:
    from typing_extensions import Self

_SHOWN = 6  # values of a list that `repr` shows


class BatchEncoding(MutableMapping[str, Any]):
    """A mapping from ``input_ids``, ``attention_mask`` ... to lists, arrays or tensors.

    The keys are attributes, too: ``encoding.input_ids``. ``model(**encoding)`` passes them on.

    Args:
        data: The values by name. One sample: lists of int of length L. A batch: lists of such
            lists. Arrays and tensors have shape (rows, L) and dtype int64.
        encodings: The compiled module's result for each row.
        tensor_type: Convert the values to ``"np"`` arrays or ``"pt"`` tensors; None: keep them.
        prepend_batch_axis: The values are one sample's, and get a first axis of length 1.

    Example:
        >>> from bedtok import Tokenizer
        >>> tokenizer = Tokenizer.from_regions(["chr1:100-200", "chr1:300-400"])
        >>> tokenizer(["chr1:150-350"])
        BatchEncoding(input_ids=[0, 1], attention_mask=[1, 1])
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        encodings: list[Encoding] | None = None,
        tensor_type: str | None = None,
        prepend_batch_axis: bool = False,
    ) -> None:
        self._data: dict[str, Any] = dict(data) if data is not None else {}
        self._encodings = encodings
        if tensor_type is not None:
            self.convert_to_tensors(tensor_type, prepend_batch_axis)

    @property
    def data(self) -> dict[str, Any]:
        """The values by name."""
        return self._data

    @property
    def encodings(self) -> list[Encoding] | None:
        """One ``Encoding`` a row, not padded; None after pickling or by hand."""
        return self._encodings

    def word_ids(self, batch_index: int = 0) -> list[int | None]:
        """Return ``region_index`` of one row, under Hugging Face's name for text.

        Args:
            batch_index: The row; 0 for one sample.

        Raises:
            ConfigError: The call did not ask for it.
        """
        if "region_index" not in self._data:
            raise ConfigError("region_index is missing: call with return_region_index=True")
        index = self._data["region_index"]
        one_sample = isinstance(index, list) and not (index and isinstance(index[0], list))
        row = [index][batch_index] if one_sample else index[batch_index]
        values = row if isinstance(row, list) else row.tolist()
        return [None if value is None or value < 0 else value for value in values]

    def convert_to_tensors(
        self, tensor_type: str | None = None, prepend_batch_axis: bool = False
    ) -> Self:
        """Convert the values to arrays or tensors, in place.

        Args:
            tensor_type: None: keep them; ``"np"``: arrays; ``"pt"``: PyTorch tensors.
            prepend_batch_axis: The values are one sample's, and get a first axis of length 1.

        Raises:
            ConfigError: Rows have different lengths, or hold something else than numbers.
        """
        checked_type = check_return_tensors(tensor_type)
        if checked_type is not None:
            for name, value in self._data.items():
                rows = [value] if prepend_batch_axis else value
                self._data[name] = to_tensor(rows, checked_type, name)
        return self

    def to(self, device: Any, *, non_blocking: bool = False) -> Self:
        """Move the tensors to a device, in place; lists and arrays stay.

        Args:
            device: A device as ``torch.Tensor.to`` takes it: ``"cuda"``, ``0``, a ``torch.device``.
            non_blocking: Passed on to ``torch.Tensor.to``.
        """
        for name, value in self._data.items():
            if hasattr(value, "detach"):
                self._data[name] = value.to(device=device, non_blocking=non_blocking)
        return self

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
        # Without the encodings: workers send these objects through pipes, and the data has
        # everything that the call asked for.
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
