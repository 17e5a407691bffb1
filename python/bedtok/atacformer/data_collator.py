# SPDX-License-Identifier: BSD-2-Clause
"""Collators for training on regions."""

from __future__ import annotations

from typing import Any

import numpy as np
from transformers import DataCollatorForLanguageModeling


class DataCollatorForRegionModeling(DataCollatorForLanguageModeling):  # type: ignore[misc]
    """``DataCollatorForLanguageModeling`` whose random replacements are regions.

    The collator of ``transformers`` replaces some of the chosen tokens (one in ten by default) by
    tokens drawn from all of ``len(tokenizer)``, special tokens included. Here a special token that
    was drawn is drawn again, from the regions alone; but where the draw gave the mask token, the
    token counts as masked. Arguments are those of the base class.
    """

    def torch_mask_tokens(self, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return inputs with tokens masked or replaced, and labels, int64 (rows, L) tensors."""
        import torch

        inputs, labels = super().torch_mask_tokens(inputs, *args, **kwargs)
        drawn = self._special(inputs) & (labels != -100)
        # The generator of a collator that was given a seed; older versions have none.
        generator = getattr(self, "generator", None)
        regions = self.tokenizer.num_regions
        inputs[drawn] = torch.randint(
            regions, (int(drawn.sum()),), dtype=inputs.dtype, generator=generator
        )
        return inputs, labels

    def numpy_mask_tokens(self, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        """Return inputs with tokens masked or replaced, and labels, int64 (rows, L) arrays."""
        inputs, labels = super().numpy_mask_tokens(inputs, *args, **kwargs)
        drawn = self._special(inputs) & (labels != -100)
        generator = getattr(self, "generator", None) or np.random.default_rng()
        inputs[drawn] = generator.integers(self.tokenizer.num_regions, size=int(drawn.sum()))
        return inputs, labels

    def _special(self, inputs: Any) -> Any:
        """Where inputs hold a special token other than the mask."""
        return (inputs >= self.tokenizer.num_regions) & (inputs != self.tokenizer.mask_token_id)
