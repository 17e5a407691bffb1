# SPDX-License-Identifier: BSD-2-Clause
"""Where bedtok differs from what transformers' suites expect, on purpose, and why.

Any other test that fails, fails the exam; so does one of this list that passes.
"""

from __future__ import annotations

import transformers

VERSION_5 = int(transformers.__version__.split(".")[0]) >= 5

_PAIR = "samples are not compared in pairs: a second text is a TypeError that says so"
_ADD = "the vocabulary's regions do not change: add_tokens takes special tokens only"
_CHAT = "regions are no conversation: chat templates are neither saved nor loaded"
_ROLES = "each role has a token: None is an error"
_SIGNATURE = "init_kwargs lacks universe_file: a saved folder holds the vocabulary itself"
_DECODE = "decode returns a list of tokens, as gtars does, and no text"
_ADDED_TOKENS = "special tokens are plain texts of the vocabulary, not AddedTokens beside it"

# Test -> reason, for each suite; the suite of 4.57 has others.
REASONS: dict[str, dict[str, str]] = {
    "models": {},
    "tokenizer": {
        "test_added_tokens_serialization": _ADDED_TOKENS,
        "test_call": _PAIR,
        "test_chat_template": _CHAT,
        "test_chat_template_batched": _CHAT,
        "test_chat_template_dict_saving": _CHAT,
        "test_chat_template_dict_saving_rejects_path_traversal": _CHAT,
        "test_chat_template_file_priority": _CHAT,
        "test_get_vocab": _ADD,
        "test_internal_consistency": _DECODE,
        "test_mask_output": _PAIR,
        "test_maximum_encoding_length_pair_input": _PAIR,
        "test_maximum_encoding_length_single_input": "warnings come from the module warnings",
        "test_number_of_added_tokens": _PAIR,
        "test_pretokenized_inputs": "a sample is a list of regions: is_split_into_words has no use",
        "test_save_and_load_tokenizer": _ADD,
        "test_special_tokens_mask_input_pairs": _PAIR,
        "test_token_type_ids": "token types tell two texts apart: a TypeError says so",
        "test_tokenizer_store_full_signature": _SIGNATURE,
        "test_tokenizers_common_ids_setters": _ROLES,
    },
}

if not VERSION_5:
    of_version_5 = (
        "test_added_tokens_serialization",
        "test_chat_template_batched",
        "test_chat_template_dict_saving_rejects_path_traversal",
        "test_mask_output",
        "test_tokenizer_store_full_signature",
    )
    for name in of_version_5:
        del REASONS["tokenizer"][name]
    REASONS["tokenizer"] |= {
        "test_add_special_tokens": _DECODE,
        "test_add_tokens_tokenizer": _ADD,
        "test_added_token_are_matched_longest_first": _ADD,
        "test_added_token_serializable": _ADD,
        "test_added_tokens_do_lower_case": _ADD,
        "test_encode_decode_with_spaces": _ADD,
        "test_prepare_for_model": _PAIR,
        "test_tokenizer_slow_store_full_signature": _SIGNATURE,
        "test_tokenizers_special_tokens_properties_unset_0": _ROLES,
        "test_tokenizers_special_tokens_properties_unset_1": _ROLES,
    }
