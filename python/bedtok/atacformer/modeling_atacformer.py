# SPDX-License-Identifier: BSD-2-Clause
"""The Atacformer models: the encoder and its heads.

Source: LeRoy et al., Atacformer; the reference implementation is ``geniml.atacformer`` 0.8.4, whose
checkpoints load without conversion and give the same results.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import nn
from transformers import PreTrainedModel
from transformers.modeling_outputs import (
    BaseModelOutput,
    MaskedLMOutput,
    SequenceClassifierOutput,
    TokenClassifierOutput,
)
from transformers.utils import can_return_tuple, logging

from bedtok._core import ConfigError
from bedtok._labels import IGNORED
from bedtok.atacformer._cell_parts import Pool
from bedtok.atacformer._packing import Packing
from bedtok.atacformer._validation import (
    check_ids,
    check_length,
    check_shape,
    check_token_ids,
    compiling,
    token_mask,
)
from bedtok.atacformer.cell_embedding import CellEmbedding
from bedtok.atacformer.configuration_atacformer import AtacformerConfig
from bedtok.atacformer.freezing import freeze_except_last_n
from bedtok.atacformer.layers import AtacformerAttention, AtacformerEmbeddings, AtacformerEncoder
from bedtok.atacformer.losses import (
    LOGITS_AT_ONCE,
    class_loss,
    distance_loss,
    masked_token_loss,
    replaced_token_loss,
    reverse_gradient,
)
from bedtok.atacformer.outputs import BatchCorrectionOutput, CellEmbeddingOutput, TripletOutput
from bedtok.atacformer.pooling import CellPooling, weighted_sum_of_embeddings

logger = logging.get_logger(__name__)


class AtacformerPreTrainedModel(PreTrainedModel):  # type: ignore[misc]
    """Base class of the Atacformer models: loading, saving, new weights.

    Args:
        config: The model's configuration.
        *args: Passed on to ``transformers.PreTrainedModel``.
        **kwargs: Likewise.
    """

    config_class = AtacformerConfig
    base_model_prefix = "atacformer"
    supports_gradient_checkpointing = True
    _supports_sdpa = True
    _supports_flash_attn = True
    _supports_attention_backend = True
    _no_split_modules = ["AtacformerLayer", "AtacformerEmbeddings"]  # noqa: RUF012

    def __init__(self, config: AtacformerConfig, *args: Any, **kwargs: Any) -> None:
        config.check()
        super().__init__(config, *args, **kwargs)
        if not config.use_pos_embeddings:
            # A checkpoint may lack positions that are not used.
            self._keys_to_ignore_on_load_missing = [r"position_embeddings"]

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any) -> Any:
        """Load a model from a folder or the Hub; see ``PreTrainedModel.from_pretrained``."""
        loaded = super().from_pretrained(*args, **kwargs)
        # transformers 5 unfreezes all parameters that it loads.
        (loaded[0] if isinstance(loaded, tuple) else loaded)._freeze()
        return loaded

    def resize_token_embeddings(self, *args: Any, **kwargs: Any) -> nn.Embedding:
        """Resize the token embeddings and the weights of pooling; see ``PreTrainedModel``."""
        embeddings = super().resize_token_embeddings(*args, **kwargs)
        for module in self.modules():
            if isinstance(module, CellPooling):
                module.resize(embeddings.num_embeddings)
        return embeddings

    def _freeze(self) -> None:
        """Freeze the parameters that are not trained."""
        for module in self.modules():
            if isinstance(module, AtacformerEmbeddings):
                module.freeze()

    def _init_weights(self, module: nn.Module) -> None:
        # Only functions of torch.nn.init: transformers 5 replaces them to keep loaded weights.
        if isinstance(module, (nn.Linear, nn.Embedding)):
            std = self.config.initializer_range
            cutoff = std * self.config.initializer_cutoff_factor
            nn.init.trunc_normal_(module.weight, std=std, a=-cutoff, b=cutoff)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
            # A row of a parameter has no mark that the parameter was loaded.
            loaded = getattr(module.weight, "_is_hf_initialized", False)
            if isinstance(module, nn.Embedding) and module.padding_idx is not None and not loaded:
                nn.init.zeros_(module.weight[module.padding_idx])
        elif isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, CellPooling) and module.weighted:
            nn.init.ones_(module.token_weights)
        elif isinstance(module, AtacformerAttention):
            nn.init.xavier_uniform_(module.in_proj_weight)
            nn.init.zeros_(module.in_proj_bias)


class AtacformerModel(AtacformerPreTrainedModel):
    """The encoder: ids to a hidden state for each token.

    Without positions, which is the default, the result does not depend on the order of tokens.

    Args:
        config: The model's configuration.
    """

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__(config)
        self.embeddings = AtacformerEmbeddings(config)
        self.encoder = AtacformerEncoder(config)
        self.pooling = CellPooling(config)
        self.post_init()
        self._freeze()

    def get_input_embeddings(self) -> nn.Module:
        """Return the token embeddings."""
        return self.embeddings.token_embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the token embeddings."""
        self.embeddings.token_embeddings = value

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
    ) -> BaseModelOutput:
        """Return the hidden states of the last layer, (B, L, hidden), zeros in padding.

        Args:
            input_ids: Token ids, int64 of shape (B, L).
            attention_mask: Shape (B, L), integers, booleans or floats: 1 for tokens, 0 for padding;
                None: all are tokens. A row without tokens gives zeros.
            inputs_embeds: Embeddings instead of ``input_ids``, shape (B, L, hidden).
            output_attentions: Also return the attention weights of each layer, (B, heads, L, L).
                Only eager attention has them: other implementations give way to it for the call,
                with a warning. None: ``config.output_attentions``.
            output_hidden_states: Also return the embeddings and the output of each layer. None:
                ``config.output_hidden_states``.

        Raises:
            TypeError: Ids are not integers.
            ValueError: An id is outside the vocabulary, a sequence is longer than the context, or a
                shape does not fit.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("expected either input_ids or inputs_embeds")
        if output_attentions is None:
            output_attentions = self.config.output_attentions
        if output_hidden_states is None:
            output_hidden_states = self.config.output_hidden_states
        implementation = self.config._attn_implementation or "eager"
        fallback = output_attentions and implementation != "eager"
        if fallback:
            _warn_once(
                f"output_attentions=True: attn_implementation={implementation!r} has no weights to "
                "return, so attention is computed by 'eager'; load the model with "
                "attn_implementation='eager' to avoid this warning"
            )
            implementation = "eager"
        if input_ids is not None:
            input_ids = check_token_ids(input_ids, self.get_input_embeddings().num_embeddings)
            shape = input_ids.shape
        else:
            shape = inputs_embeds.shape[:2]  # type: ignore[union-attr]
            check_shape(inputs_embeds, (*shape, self.config.hidden_size), "inputs_embeds")
        check_length(shape[1], self.config.max_position_embeddings)
        tokens = token_mask(attention_mask, shape)

        hidden = self.embeddings(input_ids, inputs_embeds)
        packing = None
        # Packed rows are faster where attention is bound by arithmetic. On other devices, and where
        # shapes must not depend on values, rows stay padded.
        if tokens is not None and hidden.device.type == "cpu" and not compiling():
            if bool(tokens.all()):
                tokens = None
            elif implementation == "sdpa" and self.config.num_hidden_layers > 0:
                packing = Packing(tokens)
                hidden = packing.pack(hidden)
        mask = None
        if tokens is not None and packing is None:
            mask = _mask_for(implementation, tokens, hidden.dtype)
        states: list[torch.Tensor] = []
        attentions: list[torch.Tensor | None] | None = [] if output_attentions else None

        def padded(state: torch.Tensor) -> torch.Tensor:
            if packing is not None:
                return packing.unpack(state)
            return state if tokens is None else state.masked_fill(~tokens[..., None], 0)

        def keep(state: torch.Tensor) -> torch.Tensor:
            # The next layer goes on from what is returned, so that gradients pass through it.
            states.append(padded(state))
            return states[-1] if packing is None else packing.pack(states[-1])

        hidden = self.encoder(
            hidden, mask, packing, keep if output_hidden_states else None, attentions, fallback
        )
        last = padded(hidden)
        return BaseModelOutput(
            last_hidden_state=last,
            hidden_states=(*states, last) if output_hidden_states else None,
            attentions=None if attentions is None else tuple(attentions),
        )

    def pool_without_layers(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None
    ) -> torch.Tensor | None:
        """Return the embeddings of cells, (B, hidden), faster than ``forward`` and the pooling.

        None: this model, or what has been hooked to it, needs the hidden state of each token.

        Args:
            input_ids: As in ``forward``.
            attention_mask: As in ``forward``.
        """
        table, config = self.get_input_embeddings(), self.config
        modules = (self, self.embeddings, table, self.encoder, self.pooling)
        simple = (
            config.num_hidden_layers == 0
            and type(self.pooling) is CellPooling
            and self.pooling.weighted
            and type(table) is nn.Embedding
            and table.weight.dtype in (torch.float32, torch.float64)
            and table.weight.device.type != "meta"
            and not (config.use_pos_embeddings or config.embedding_dropout)
            and not (config.output_attentions or config.output_hidden_states)
        )
        if not simple or compiling() or any(_has_hooks(module) for module in modules):
            return None
        input_ids = check_token_ids(input_ids, table.num_embeddings)
        tokens = token_mask(attention_mask, input_ids.shape)
        check_length(input_ids.shape[1], config.max_position_embeddings)
        if tokens is None:
            tokens = torch.ones_like(input_ids, dtype=torch.bool)
        # The embedding of padding has no gradient, also where padding is not masked.
        if bool((tokens & (input_ids == table.padding_idx)).any()):
            return None
        weights = self.pooling.token_weights.to(table.weight.device)
        return weighted_sum_of_embeddings(table, weights, input_ids, tokens)


def _has_hooks(module: nn.Module) -> bool:
    """Return whether something else wants to see or replace what a module computes."""
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
        or "forward" in vars(module)
    )


def _warn_once(text: str) -> None:
    if not compiling():
        logger.warning_once(text)


def _mask_for(implementation: str, tokens: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return the mask of tokens (B, L) in the form that an attention function expects."""
    if implementation.startswith("flash"):
        return tokens
    # The softmax over nothing is NaN: a row without tokens attends to its padding, and the result
    # is discarded.
    attended = (tokens | ~tokens.any(dim=1, keepdim=True))[:, None, None, :]
    if implementation != "eager":
        return attended
    return torch.zeros_like(attended, dtype=dtype).masked_fill(~attended, torch.finfo(dtype).min)


class AtacformerWithHead(CellEmbedding, AtacformerPreTrainedModel):
    """Base class of the models with an encoder, ``atacformer``, and a head.

    Their ``forward`` takes the inputs of ``AtacformerModel.forward`` (``input_ids``,
    ``attention_mask``, ``inputs_embeds``, ``output_attentions``, ``output_hidden_states``), passes
    them to the encoder and raises the same errors. Only further arguments are documented there.
    """

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__(config)
        self.atacformer = AtacformerModel(config)

    def get_input_embeddings(self) -> nn.Module:
        """Return the token embeddings."""
        return self.atacformer.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the token embeddings."""
        self.atacformer.set_input_embeddings(value)

    def _encode(self, **encoder_inputs: Any) -> BaseModelOutput:
        return self.atacformer(**encoder_inputs, return_dict=True)

    def _pool(
        self,
        hidden: torch.Tensor,
        attention_mask: torch.Tensor | None,
        input_ids: torch.Tensor | None,
    ) -> torch.Tensor:
        cells: torch.Tensor = self.atacformer.pooling(hidden, attention_mask, input_ids)
        return cells


class AtacformerForMaskedLM(AtacformerWithHead):
    """Masked language modeling: prediction of masked tokens.

    Args:
        config: The model's configuration.
    """

    # The tied weight and the weight it is tied to; older versions read only the keys.
    _tied_weights_keys = {  # noqa: RUF012
        "lm_head.weight": "atacformer.embeddings.token_embeddings.weight"
    }
    accepts_loss_kwargs = True  # Trainer passes num_items_in_batch, the labels of a step

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def get_output_embeddings(self) -> nn.Module:
        """Return the layer that computes the logits."""
        return self.lm_head

    def set_output_embeddings(self, value: nn.Linear) -> None:
        """Replace the layer that computes the logits."""
        self.lm_head = value

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        **encoder_inputs: Any,
    ) -> MaskedLMOutput:
        """Return logits over the vocabulary and, with labels, the loss.

        Args:
            input_ids: Token ids, int64 of shape (B, L).
            attention_mask: Shape (B, L), 1 for tokens, 0 for padding; None: all are tokens.
            inputs_embeds: Embeddings instead of ``input_ids``, shape (B, L, hidden).
            labels: int64, shape (B, L): ids to predict, -100 elsewhere.
            num_items_in_batch: Divisor of the summed loss; None: the number of labels.
            **encoder_inputs: ``output_attentions`` and ``output_hidden_states``.

        Returns:
            ``logits`` of shape (B, L, vocab_size). With labels and ``config.sparse_prediction``
            None in training: the loss is computed without holding all logits in memory. In
            evaluation, where all would take more than 512 MiB in float32, only those of labelled
            tokens, (labels, vocab_size), with a warning.

        Raises:
            ValueError: A label is outside the vocabulary, or as in ``AtacformerModel.forward``.
        """
        encoded = self._encode(
            input_ids=input_ids,
            attention_mask=attention_mask,
            inputs_embeds=inputs_embeds,
            **encoder_inputs,
        )
        hidden = encoded.last_hidden_state
        loss = logits = None
        if labels is None:
            logits = self.lm_head(hidden)
        else:
            check_shape(labels, hidden.shape[:2], "labels")
            labelled = labels != IGNORED
            wanted = check_ids(labels[labelled], self.config.vocab_size, "labels")
            scored = hidden[labelled]
            loss = masked_token_loss(scored, self.lm_head.weight, wanted, num_items_in_batch)
            if not self.config.sparse_prediction:
                logits = self.lm_head(hidden)
            elif not self.training:
                logits = self._logits_of_evaluation(hidden, scored)
        return MaskedLMOutput(
            loss=loss,
            logits=logits,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )

    def _logits_of_evaluation(self, hidden: torch.Tensor, scored: torch.Tensor) -> torch.Tensor:
        """Return the logits of all tokens; of the labelled ones where all take too much memory."""
        size = hidden.shape[0] * hidden.shape[1] * self.config.vocab_size
        logits: torch.Tensor
        if size <= LOGITS_AT_ONCE:
            logits = self.lm_head(hidden)
            return logits
        logits = self.lm_head(scored)
        _warn_once(
            f"logits are those of the labelled tokens only, {tuple(logits.shape)}: all, "
            f"{(*hidden.shape[:2], self.config.vocab_size)}, would take {size * 4 / 2**30:.1f} GiB "
            "in float32. For metrics over all tokens set config.sparse_prediction=False, or take a "
            "smaller per_device_eval_batch_size"
        )
        return logits


class AtacformerDiscriminatorHead(nn.Module):  # type: ignore[misc]
    """Binary classification of tokens as replaced or original.

    Source: Clark et al., ELECTRA, 2020.
    """

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__()
        width = config.discriminator_hidden_size or config.hidden_size
        self.dense = nn.Linear(config.hidden_size, width)
        self.norm = nn.LayerNorm(width, eps=config.norm_eps)
        self.classifier = nn.Linear(width, 1)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (B, L), of hidden states, shape (B, L, hidden)."""
        logits: torch.Tensor = self.classifier(self.norm(F.gelu(self.dense(hidden))))
        return logits.squeeze(-1)


class AtacformerForReplacedTokenDetection(AtacformerWithHead):
    """Replaced token detection, the pre-training of the published models.

    Args:
        config: The model's configuration.
    """

    accepts_loss_kwargs = True

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__(config)
        self.discriminator = AtacformerDiscriminatorHead(config)
        self.post_init()

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
        **encoder_inputs: Any,
    ) -> TokenClassifierOutput:
        """Return ``logits`` of shape (B, L), above 0 for replaced, and with labels the loss.

        Args:
            input_ids: Token ids, int64 of shape (B, L).
            attention_mask: Shape (B, L), 1 for tokens, 0 for padding; None: all are tokens.
            inputs_embeds: Embeddings instead of ``input_ids``, shape (B, L, hidden).
            labels: int64, shape (B, L): 1 replaced, 0 original, -100 not scored.
            num_items_in_batch: Divisor of the summed loss; None: the number of labels.
            **encoder_inputs: ``output_attentions`` and ``output_hidden_states``.
        """
        encoded = self._encode(
            input_ids=input_ids,
            attention_mask=attention_mask,
            inputs_embeds=inputs_embeds,
            **encoder_inputs,
        )
        logits = self.discriminator(encoded.last_hidden_state)
        loss = None
        if labels is not None:
            loss = replaced_token_loss(logits, labels, num_items_in_batch)
        return TokenClassifierOutput(
            loss=loss,
            logits=logits,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )


class AtacformerForCellClustering(AtacformerWithHead):
    """Cell embeddings, trained so that cells of one type are close to each other.

    Args:
        config: The model's configuration.

    Source: the loss is that of Reimers and Gurevych, Sentence-BERT, 2019.
    """

    accepts_loss_kwargs = False

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__(config)
        self.post_init()

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        input_ids_anchor: torch.Tensor | None = None,
        attention_mask_anchor: torch.Tensor | None = None,
        input_ids_positive: torch.Tensor | None = None,
        attention_mask_positive: torch.Tensor | None = None,
        input_ids_negative: torch.Tensor | None = None,
        attention_mask_negative: torch.Tensor | None = None,
        return_loss: bool = True,
        **encoder_inputs: Any,
    ) -> CellEmbeddingOutput | TripletOutput:
        """Return embeddings of cells, or of triplets with their loss.

        Args:
            input_ids: Token ids, int64 of shape (B, L).
            attention_mask: Shape (B, L), 1 for tokens, 0 for padding; None: all are tokens.
            inputs_embeds: Embeddings instead of ``input_ids``, shape (B, L, hidden).
            input_ids_anchor: Cells instead of ``input_ids``, int64 of shape (B, L).
            attention_mask_anchor: Attention mask of the anchors, or None.
            input_ids_positive: For each anchor a cell of its label, shape (B, L) with another L.
            attention_mask_positive: Attention mask of the positives, or None.
            input_ids_negative: For each anchor a cell of another label.
            attention_mask_negative: Attention mask of the negatives, or None.
            return_loss: Whether to compute the loss of triplets. Trainer only evaluates without
                labels if a model has this argument.
            **encoder_inputs: ``output_attentions`` and ``output_hidden_states``; not for triplets.

        Returns:
            A ``CellEmbeddingOutput``, or a ``TripletOutput`` for triplets.

        Raises:
            ValueError: Both or neither of cells and triplets are given, or a part of a triplet is
                missing or has another number of cells.
        """
        triplet = (input_ids_anchor, input_ids_positive, input_ids_negative)
        masks = (attention_mask_anchor, attention_mask_positive, attention_mask_negative)
        given = [ids for ids in triplet if ids is not None]
        if given:
            if len(given) < 3 or input_ids is not None or inputs_embeds is not None:
                raise ValueError(
                    "expected input_ids_anchor, input_ids_positive and input_ids_negative, "
                    "or input_ids"
                )
            return self._triplets(given, masks, return_loss, encoder_inputs)
        encoded = self._encode(
            input_ids=input_ids,
            attention_mask=attention_mask,
            inputs_embeds=inputs_embeds,
            **encoder_inputs,
        )
        return CellEmbeddingOutput(
            cell_embeddings=self._pool(encoded.last_hidden_state, attention_mask, input_ids),
            last_hidden_state=encoded.last_hidden_state,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )

    def _triplets(
        self,
        cells: list[torch.Tensor],
        masks: tuple[torch.Tensor | None, ...],
        return_loss: bool,
        encoder_inputs: dict[str, Any],
    ) -> TripletOutput:
        shapes = [tuple(ids.shape) for ids in cells]
        if any(len(shape) != 2 or shape[0] != shapes[0][0] for shape in shapes):
            raise ValueError(
                f"anchors, positives and negatives have shapes {', '.join(map(str, shapes))}, "
                "expected (cells, tokens) with the same number of cells"
            )
        tokens_of = [token_mask(mask, ids.shape) for ids, mask in zip(cells, masks, strict=True)]
        # One batch: the encoder runs once, so that DDP sees each weight once.
        width = max(ids.shape[1] for ids in cells)
        pad = self.config.pad_token_id or 0
        ids = torch.cat([F.pad(part, (0, width - part.shape[1]), value=pad) for part in cells])
        tokens = torch.cat(
            [
                F.pad(
                    torch.ones_like(part, dtype=torch.bool) if mask is None else mask,
                    (0, width - part.shape[1]),
                )
                for part, mask in zip(cells, tokens_of, strict=True)
            ]
        )
        encoded = self._encode(input_ids=ids, attention_mask=tokens, **encoder_inputs)
        embeddings = self._pool(encoded.last_hidden_state, tokens, ids)
        anchor, positive, negative = embeddings.split([len(part) for part in cells])
        loss = None
        if return_loss:
            total = F.triplet_margin_loss(
                anchor.float(),
                positive.float(),
                negative.float(),
                margin=self.config.triplet_margin,
                p=self.config.triplet_p,
                reduction="sum",
            )
            loss = total / max(len(anchor), 1)
        return TripletOutput(
            loss=loss,
            anchor_embeddings=anchor,
            positive_embeddings=positive,
            negative_embeddings=negative,
        )


class AtacformerBatchHead(nn.Module):  # type: ignore[misc]
    """Classification of cells by their experimental batch, with one hidden layer.

    Cell embeddings are divided by their root mean square over the cells of the call, so that a
    learning rate does not depend on their scale. The divisor has no gradient, and their lengths
    relative to each other, which tell batches of different depths, are kept.
    """

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__()
        width = config.batch_head_hidden_size
        self.dense = nn.Linear(config.hidden_size, width)
        self.classifier = nn.Linear(width, config.num_batches)

    def forward(self, cells: torch.Tensor) -> torch.Tensor:
        """Return logits, shape (B, num_batches), of cell embeddings, shape (B, hidden)."""
        square = cells.detach().float().pow(2).mean()
        scale = square.sqrt().where(square > 0, 1.0).to(cells.dtype)
        logits: torch.Tensor = self.classifier(F.relu(self.dense(cells / scale)))
        return logits


class AtacformerForUnsupervisedBatchCorrection(AtacformerWithHead):
    """Replaced token detection with cell embeddings that learn to hide the batch of a cell.

    A head predicts the batch of a cell from its embedding, and the encoder gets the gradient of its
    loss reversed. That works if the head learns faster than the encoder:
    ``batch_correction_parameter_groups`` gives the head a learning rate of its own. With
    ``reference_embeddings``, such as those before the training, cells move no farther than hiding
    the batch takes. All but the last ``config.bc_unfreeze_last_n_layers`` layers are frozen.

    Args:
        config: The model's configuration.

    Attributes:
        grl_alpha: Factor of the gradient reversal, at first ``config.grl_alpha``.

    Source: Ganin et al., Domain-adversarial training of neural networks, 2016.
    """

    accepts_loss_kwargs = False

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__(config)
        if config.num_batches is None or config.num_batches < 1:
            raise ConfigError(
                f"num_batches is {config.num_batches}, expected the number of batches of the "
                f"cells: {type(self).__name__}.from_pretrained(..., num_batches=4)"
            )
        self.discriminator = AtacformerDiscriminatorHead(config)
        self.grl_alpha = config.grl_alpha
        if config.batch_head_hidden_size is None:
            self.batch_prediction_head = nn.Linear(config.hidden_size, config.num_batches)
        else:
            self.batch_prediction_head = AtacformerBatchHead(config)
        self.post_init()
        self._freeze()

    def _freeze(self) -> None:
        super()._freeze()
        last, layers = self.config.bc_unfreeze_last_n_layers, self.config.num_hidden_layers
        if last is not None and not 0 <= last <= layers:
            raise ConfigError(
                f"bc_unfreeze_last_n_layers is {last}, expected 0 to num_hidden_layers, {layers}, "
                "or None"
            )
        freeze_except_last_n(self, last)

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        batch_labels: torch.Tensor | None = None,
        reference_embeddings: torch.Tensor | None = None,
        **encoder_inputs: Any,
    ) -> BatchCorrectionOutput:
        """Return logits of replaced tokens and batches, and with labels the loss.

        Args:
            input_ids: Token ids, int64 of shape (B, L).
            attention_mask: Shape (B, L), 1 for tokens, 0 for padding; None: all are tokens.
            inputs_embeds: Embeddings instead of ``input_ids``, shape (B, L, hidden).
            labels: int64, shape (B, L): 1 replaced, 0 original, -100 not scored.
            batch_labels: int64, shape (B,): the batch of each cell, -100 if unknown.
            reference_embeddings: Shape (B, hidden): what embeddings of the cells stay close to.
            **encoder_inputs: ``output_attentions`` and ``output_hidden_states``.

        Raises:
            ValueError: A batch is outside ``config.num_batches``, or as in
                ``AtacformerModel.forward``.
        """
        encoded = self._encode(
            input_ids=input_ids,
            attention_mask=attention_mask,
            inputs_embeds=inputs_embeds,
            **encoder_inputs,
        )
        hidden = encoded.last_hidden_state
        cells = self._pool(hidden, attention_mask, input_ids)
        logits = self.discriminator(hidden)
        batch_logits = self.batch_prediction_head(reverse_gradient(cells, self.grl_alpha))
        losses = []
        if labels is not None:
            losses.append(replaced_token_loss(logits, labels))
        if batch_labels is not None:
            losses.append(
                self.config.lambda_adv * class_loss(batch_logits, batch_labels, "batch_labels")
            )
        if reference_embeddings is not None:
            distance = distance_loss(cells, reference_embeddings)
            losses.append(self.config.lambda_reference * distance)
        return BatchCorrectionOutput(
            loss=torch.stack(losses).sum() if losses else None,
            logits=logits,
            batch_logits=batch_logits,
            cell_embeddings=cells,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )


class AtacformerForSequenceClassification(AtacformerWithHead):
    """Classification or regression of cells from their embeddings.

    Args:
        config: The model's configuration.
    """

    accepts_loss_kwargs = False

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__(config)
        self.num_labels = config.num_labels
        dropout = config.classifier_dropout
        self.dropout = nn.Dropout(config.hidden_dropout if dropout is None else dropout)
        self.classifier = nn.Linear(config.hidden_size, config.num_labels)
        self.post_init()

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        **encoder_inputs: Any,
    ) -> SequenceClassifierOutput:
        """Return ``logits`` of shape (B, num_labels) and, with labels, the loss.

        Args:
            input_ids: Token ids, int64 of shape (B, L).
            attention_mask: Shape (B, L), 1 for tokens, 0 for padding; None: all are tokens.
            inputs_embeds: Embeddings instead of ``input_ids``, shape (B, L, hidden).
            labels: Classes, int64 of shape (B,), -100 if unknown; several classes of a cell,
                floats 0 or 1 of shape (B, num_labels); with ``num_labels=1`` numbers of shape (B,).
                ``config.problem_type`` determines which, as in ``transformers``; None: their type
                and ``num_labels`` do.
            **encoder_inputs: ``output_attentions`` and ``output_hidden_states``.

        Raises:
            ValueError: A class is outside ``num_labels``, or as in ``AtacformerModel.forward``.
        """
        cells, encoded = None, BaseModelOutput()
        if input_ids is not None and inputs_embeds is None and not any(encoder_inputs.values()):
            cells = self.atacformer.pool_without_layers(input_ids, attention_mask)
        if cells is None:
            encoded = self._encode(
                input_ids=input_ids,
                attention_mask=attention_mask,
                inputs_embeds=inputs_embeds,
                **encoder_inputs,
            )
            cells = self._pool(encoded.last_hidden_state, attention_mask, input_ids)
        logits = self.classifier(self.dropout(cells))
        return SequenceClassifierOutput(
            loss=None if labels is None else self._loss(logits, labels),
            logits=logits,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )

    def predict_cells(
        self,
        input_ids: Any,
        batch_size: int = 16,
        *,
        max_tokens_per_cell: int | None = None,
        pool: Pool = None,
        num_draws: int = 4,
        seed: int | None = None,
        progress: bool | None = None,
    ) -> torch.Tensor:
        """Return the probability of each class for each cell, computed without dropout.

        The arguments are those of ``encode_tokenized_cells``. The classes are those of
        ``config.id2label``, in its order.

        Args:
            input_ids: The ids of each cell.
            batch_size: Number of cells processed at once.
            max_tokens_per_cell: Maximum number of tokens of a cell.
            pool: How longer cells become one embedding, from which the class is predicted.
            num_draws: Number of draws of ``pool="draws"``.
            seed: Seed of what is drawn of longer cells.
            progress: Whether to show a progress bar; None: if standard error is a terminal.

        Returns:
            float32, shape (cells, num_labels), on the CPU. Rows add up to 1, except with
            ``problem_type="multi_label_classification"``, where each class is judged by itself.

        Raises:
            ConfigError: The model is one of regression, or as in ``encode_tokenized_cells``.

        Example:
            >>> probabilities = model.predict_cells(tokenizer.encode_anndata(adata))
            >>> best = probabilities.argmax(dim=1).tolist()
            >>> adata.obs["predicted"] = [model.config.id2label[i] for i in best]
        """
        self._check_classes()
        cells = self.encode_tokenized_cells(
            input_ids,
            batch_size=batch_size,
            max_tokens_per_cell=max_tokens_per_cell,
            pool=pool,
            num_draws=num_draws,
            seed=seed,
            progress=progress,
        )
        return self.class_probabilities(cells)

    @property
    def has_classes(self) -> bool:
        """Whether the model predicts classes, and not numbers as one of regression."""
        problem = self.config.problem_type
        return problem != "regression" and not (problem is None and self.num_labels == 1)

    def class_probabilities(self, embeddings: torch.Tensor) -> torch.Tensor:
        """Return the probability of each class for embeddings of cells.

        Args:
            embeddings: What ``encode_tokenized_cells`` returned, shape (cells, hidden).

        Returns:
            As ``predict_cells``, which embeds the cells, too.

        Raises:
            ConfigError: The model is one of regression.
        """
        self._check_classes()
        weight = self.classifier.weight
        with torch.inference_mode():
            cells = embeddings.to(weight.device, weight.dtype)
            logits = self.classifier(cells).float().cpu()
        if self.config.problem_type == "multi_label_classification":
            return logits.sigmoid()
        return logits.softmax(dim=1)

    def _check_classes(self) -> None:
        if not self.has_classes:
            raise ConfigError(
                f"problem_type is {self.config.problem_type!r} and num_labels {self.num_labels}: a "
                "model of regression has no classes; use model(**inputs).logits"
            )

    def _loss(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        problem = self.config.problem_type
        if problem is None:
            if self.num_labels == 1:
                problem = "regression"
            elif labels.is_floating_point():
                problem = "multi_label_classification"
            else:
                problem = "single_label_classification"
        if problem == "single_label_classification":
            return class_loss(
                logits,
                labels,
                "labels",
                weights=self.config.class_weights,
                smoothing=self.config.label_smoothing,
            )
        if problem == "regression" and labels.dim() == 1:
            labels = labels[:, None]
        check_shape(labels, logits.shape, "labels")
        function = F.mse_loss if problem == "regression" else F.binary_cross_entropy_with_logits
        total: torch.Tensor = function(logits.float(), labels.float(), reduction="sum")
        return total / max(labels.numel(), 1)
