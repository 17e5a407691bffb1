# SPDX-License-Identifier: BSD-2-Clause
"""Atacformer on ``transformers``: importing this registers it with the Auto classes.

Needs ``transformers``, and PyTorch where tensors are asked for: ``pip install bedtok[atacformer]``.
"""

try:
    import transformers
except ImportError as error:
    raise ImportError(
        "bedtok.atacformer needs transformers: pip install 'bedtok[atacformer]'; "
        "bedtok.tokenizers.Tokenizer works without it"
    ) from error

from bedtok.atacformer.configuration_atacformer import AtacformerConfig
from bedtok.atacformer.data_collator import DataCollatorForRegionModeling
from bedtok.atacformer.tokenization_atacformer import AtacformerTokenizer

__all__ = ["AtacformerConfig", "AtacformerTokenizer", "DataCollatorForRegionModeling"]

# A module may be reloaded, so a second registration is none of anybody's faults.
transformers.AutoConfig.register("atacformer", AtacformerConfig, exist_ok=True)
transformers.AutoTokenizer.register(
    AtacformerConfig, slow_tokenizer_class=AtacformerTokenizer, exist_ok=True
)

del transformers
