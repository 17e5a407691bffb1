# SPDX-License-Identifier: BSD-2-Clause
"""Atacformer: the encoder and what is trained on it.

Source: LeRoy et al., Atacformer; the reference implementation is ``geniml.atacformer`` 0.8.4, whose
checkpoints load without conversion and give the same numbers.
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
from transformers.utils import can_return_tuple

from bedtok._core import ConfigError
from bedtok.atacformer._checks import (
    check_ids,
    check_length,
    check_shape,
    check_token_ids,
    compiling,
    token_mask,
)
from bedtok.atacformer._packing import Packing
from bedtok.atacformer.cell_embedding import CellEmbedding, mean_of_tokens
from bedtok.atacformer.configuration_atacformer import AtacformerConfig
from bedtok.atacformer.freezing import freeze_except_last_n
from bedtok.atacformer.layers import AtacformerAttention, AtacformerEmbeddings, AtacformerEncoder
from bedtok.atacformer.losses import (
    IGNORED,
    class_loss,
    masked_token_loss,
    replaced_token_loss,
    reverse_gradient,
)
from bedtok.atacformer.outputs import BatchCorrectionOutput, CellEmbeddingOutput, TripletOutput


class AtacformerPreTrainedModel(PreTrainedModel):  # type: ignore[misc]
    """What all Atacformer models share: loading, saving, new weights."""

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
            # Nothing is lost where a checkpoint lacks what is not read.
            self._keys_to_ignore_on_load_missing = [r"position_embeddings"]

    @classmethod
    def from_pretrained(cls, *args: Any, **kwargs: Any) -> Any:
        """Load a model from a folder, or from the Hub by name; see ``PreTrainedModel``."""
        loaded = super().from_pretrained(*args, **kwargs)
        # In transformers 5 all that is loaded trains.
        (loaded[0] if isinstance(loaded, tuple) else loaded)._freeze()
        return loaded

    def _freeze(self) -> None:
        """Freeze what does not train."""
        for module in self.modules():
            if isinstance(module, AtacformerEmbeddings):
                module.freeze()

    def _init_weights(self, module: nn.Module) -> None:
        # Functions of torch.nn.init alone: transformers 5 knows by them what was loaded.
        if isinstance(module, (nn.Linear, nn.Embedding)):
            std = self.config.initializer_range
            cutoff = std * self.config.initializer_cutoff_factor
            nn.init.trunc_normal_(module.weight, std=std, a=-cutoff, b=cutoff)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)
            # A row of a parameter does not tell that the parameter was loaded.
            loaded = getattr(module.weight, "_is_hf_initialized", False)
            if isinstance(module, nn.Embedding) and module.padding_idx is not None and not loaded:
                nn.init.zeros_(module.weight[module.padding_idx])
        elif isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, AtacformerAttention):
            nn.init.xavier_uniform_(module.in_proj_weight)
            nn.init.zeros_(module.in_proj_bias)


class AtacformerModel(AtacformerPreTrainedModel):
    """The encoder: ids to one vector a token.

    Without positions (the default) the result does not depend on the order of tokens.
    """

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__(config)
        self.embeddings = AtacformerEmbeddings(config)
        self.encoder = AtacformerEncoder(config)
        self.post_init()
        self._freeze()

    def get_input_embeddings(self) -> nn.Module:
        """Return the embeddings of tokens."""
        return self.embeddings.token_embeddings

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the embeddings of tokens."""
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
        """Return the last layer's output, (B, L, hidden), zeros in padding.

        Args:
            input_ids: int64, shape (B, L).
            attention_mask: Shape (B, L), of whole numbers, booleans or floats: 1 for tokens, 0 for
                padding; None: all are tokens. A row without tokens gives zeros.
            inputs_embeds: In place of ``input_ids``, shape (B, L, hidden).
            output_attentions: Also return weights, (B, heads, L, L) a layer. Needs
                ``attn_implementation="eager"``. None: as the configuration says.
            output_hidden_states: Also return embeddings and the output of each layer. None: as the
                configuration says.

        Raises:
            TypeError: Ids are not whole numbers.
            ValueError: An id is outside the vocabulary, a sequence longer than the context, a shape
                does not fit, or weights are asked of a function that has none.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("expected either input_ids or inputs_embeds")
        if output_attentions is None:
            output_attentions = self.config.output_attentions
        if output_hidden_states is None:
            output_hidden_states = self.config.output_hidden_states
        implementation = self.config._attn_implementation or "eager"
        if output_attentions and implementation != "eager":
            raise ValueError(
                f"output_attentions=True with attn_implementation={implementation!r}, which has no "
                "weights to return; load the model with attn_implementation='eager'"
            )
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
        # Each row on its own pays where attention is bound by arithmetic. Elsewhere, and where the
        # sizes must not depend on values, rows stay padded.
        if tokens is not None and hidden.device.type == "cpu" and not compiling():
            if bool(tokens.all()):
                tokens = None
            elif implementation == "sdpa":
                packing = Packing(tokens)
                hidden = packing.pack(hidden)
        mask = None
        if tokens is not None and packing is None:
            mask = _mask_for(implementation, tokens, hidden.dtype)
        states: list[torch.Tensor] | None = [] if output_hidden_states else None
        attentions: list[torch.Tensor | None] | None = [] if output_attentions else None
        hidden = self.encoder(hidden, mask, packing, states, attentions)

        def padded(state: torch.Tensor) -> torch.Tensor:
            if packing is not None:
                return packing.unpack(state)
            return state if tokens is None else state.masked_fill(~tokens[..., None], 0)

        last = padded(hidden)
        return BaseModelOutput(
            last_hidden_state=last,
            hidden_states=None if states is None else (*map(padded, states), last),
            attentions=None if attentions is None else tuple(attentions),
        )


def _mask_for(implementation: str, tokens: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return which tokens (B, L) are attended to, as an attention function takes it."""
    if implementation.startswith("flash"):
        return tokens
    # The softmax over nothing is NaN: a row without tokens attends to its padding, and what comes
    # of it is thrown away.
    attended = (tokens | ~tokens.any(dim=1, keepdim=True))[:, None, None, :]
    if implementation != "eager":
        return attended
    return torch.zeros_like(attended, dtype=dtype).masked_fill(~attended, torch.finfo(dtype).min)


class _Head(CellEmbedding, AtacformerPreTrainedModel):
    """A model with an encoder ``atacformer`` and something on it."""

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__(config)
        self.atacformer = AtacformerModel(config)

    def get_input_embeddings(self) -> nn.Module:
        """Return the embeddings of tokens."""
        return self.atacformer.get_input_embeddings()

    def set_input_embeddings(self, value: nn.Module) -> None:
        """Replace the embeddings of tokens."""
        self.atacformer.set_input_embeddings(value)

    def _encode(
        self,
        input_ids: torch.Tensor | None,
        attention_mask: torch.Tensor | None,
        inputs_embeds: torch.Tensor | None,
        output_attentions: bool | None,
        output_hidden_states: bool | None,
    ) -> BaseModelOutput:
        return self.atacformer(
            input_ids=input_ids,
            attention_mask=attention_mask,
            inputs_embeds=inputs_embeds,
            output_attentions=output_attentions,
            output_hidden_states=output_hidden_states,
            return_dict=True,
        )


class AtacformerForMaskedLM(_Head):
    """Predicts tokens that were masked."""

    # Name of the tied weight and of what it is tied to; older versions read the names alone.
    _tied_weights_keys = {  # noqa: RUF012
        "lm_head.weight": "atacformer.embeddings.token_embeddings.weight"
    }
    accepts_loss_kwargs = True  # Trainer tells by num_items_in_batch what a step has of labels

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__(config)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    def get_output_embeddings(self) -> nn.Module:
        """Return the layer that gives logits."""
        return self.lm_head

    def set_output_embeddings(self, value: nn.Linear) -> None:
        """Replace the layer that gives logits."""
        self.lm_head = value

    @can_return_tuple  # type: ignore[untyped-decorator]
    def forward(
        self,
        input_ids: torch.Tensor | None = None,
        attention_mask: torch.Tensor | None = None,
        inputs_embeds: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> MaskedLMOutput:
        """Return logits over the vocabulary and, with labels, the loss.

        Args:
            input_ids: See ``AtacformerModel.forward``; so are the other arguments.
            attention_mask: See there.
            inputs_embeds: See there.
            labels: int64, shape (B, L): ids to predict, -100 elsewhere.
            output_attentions: See there.
            output_hidden_states: See there.
            num_items_in_batch: What the summed loss is divided by; None: the number of labels.

        Returns:
            ``logits`` of shape (B, L, vocab_size). With labels and ``config.sparse_prediction``
            only those of labelled tokens, (labels, vocab_size), and None while training: the loss
            is computed without having them all in memory.

        Raises:
            ValueError: A label is outside the vocabulary; and as ``AtacformerModel.forward`` says.
        """
        encoded = self._encode(
            input_ids, attention_mask, inputs_embeds, output_attentions, output_hidden_states
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
                logits = self.lm_head(scored)
        return MaskedLMOutput(
            loss=loss,
            logits=logits,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )


class AtacformerDiscriminatorHead(nn.Module):  # type: ignore[misc]
    """Tells for each token whether it looks replaced.

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


class AtacformerForReplacedTokenDetection(_Head):
    """Detects tokens that were replaced by others: what the published models are trained on."""

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
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
        num_items_in_batch: torch.Tensor | int | None = None,
    ) -> TokenClassifierOutput:
        """Return ``logits`` of shape (B, L), above 0 for replaced, and with labels the loss.

        Args:
            input_ids: See ``AtacformerModel.forward``; so are the other arguments.
            attention_mask: See there.
            inputs_embeds: See there.
            labels: int64, shape (B, L): 1 replaced, 0 original, -100 not scored.
            output_attentions: See there.
            output_hidden_states: See there.
            num_items_in_batch: What the summed loss is divided by; None: the number of labels.
        """
        encoded = self._encode(
            input_ids, attention_mask, inputs_embeds, output_attentions, output_hidden_states
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


class AtacformerForCellClustering(_Head):
    """One vector a cell, trained so that cells of one type lie together.

    Source: the training is that of Reimers and Gurevych, Sentence-BERT, 2019.
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
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
    ) -> CellEmbeddingOutput | TripletOutput:
        """Return embeddings of cells, or of triplets with their loss.

        Args:
            input_ids: Cells; see ``AtacformerModel.forward``, also for the other arguments.
            attention_mask: See there.
            inputs_embeds: See there.
            input_ids_anchor: In place of ``input_ids``: cells, int64, shape (B, L).
            attention_mask_anchor: Their mask; so for the others.
            input_ids_positive: For each anchor a cell of its label, shape (B, L) with another L.
            attention_mask_positive: Their mask.
            input_ids_negative: For each anchor a cell of another label.
            attention_mask_negative: Their mask.
            return_loss: Whether to compute the loss of triplets. Trainer asks for the argument
                before it evaluates what has no labels.
            output_attentions: See there; not for triplets.
            output_hidden_states: See there; not for triplets.

        Returns:
            A ``CellEmbeddingOutput``, or a ``TripletOutput`` for triplets.

        Raises:
            ValueError: Both or neither were given, or triplets in part or of different numbers.
        """
        triplet = (input_ids_anchor, input_ids_positive, input_ids_negative)
        masks = (attention_mask_anchor, attention_mask_positive, attention_mask_negative)
        given = [ids for ids in triplet if ids is not None]
        if given:
            if len(given) < 3 or input_ids is not None or inputs_embeds is not None:
                raise ValueError(
                    "expected input_ids_anchor, input_ids_positive and input_ids_negative, "
                    "or input_ids alone"
                )
            return self._triplets(given, masks, return_loss)
        encoded = self._encode(
            input_ids, attention_mask, inputs_embeds, output_attentions, output_hidden_states
        )
        return CellEmbeddingOutput(
            cell_embeddings=mean_of_tokens(encoded.last_hidden_state, attention_mask),
            last_hidden_state=encoded.last_hidden_state,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )

    def _triplets(
        self,
        cells: list[torch.Tensor],
        masks: tuple[torch.Tensor | None, ...],
        return_loss: bool,
    ) -> TripletOutput:
        shapes = [tuple(ids.shape) for ids in cells]
        if any(len(shape) != 2 or shape[0] != shapes[0][0] for shape in shapes):
            raise ValueError(
                f"anchors, positives and negatives have shapes {', '.join(map(str, shapes))}, "
                "expected (cells, tokens) with the same number of cells"
            )
        tokens_of = [token_mask(mask, ids.shape) for ids, mask in zip(cells, masks, strict=True)]
        # One batch: the encoder runs once, and forward and backward meet each weight once.
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
        hidden = self.atacformer(ids, attention_mask=tokens, return_dict=True).last_hidden_state
        embeddings = mean_of_tokens(hidden, tokens)
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


class AtacformerForUnsupervisedBatchCorrection(_Head):
    """Detects replaced tokens while its embeddings of cells learn to hide their batch.

    All but the last ``config.bc_unfreeze_last_n_layers`` layers are frozen.
    """

    accepts_loss_kwargs = False

    def __init__(self, config: AtacformerConfig) -> None:
        super().__init__(config)
        if config.num_batches is None or config.num_batches < 1:
            raise ConfigError(
                f"num_batches is {config.num_batches}, expected how many batches the cells come "
                f"from: {type(self).__name__}.from_pretrained(..., num_batches=4)"
            )
        self.discriminator = AtacformerDiscriminatorHead(config)
        self.batch_prediction_head = nn.Linear(config.hidden_size, config.num_batches)
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
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
    ) -> BatchCorrectionOutput:
        """Return logits of replaced tokens and of batches, and with labels the loss.

        Args:
            input_ids: See ``AtacformerModel.forward``; so are the other arguments.
            attention_mask: See there.
            inputs_embeds: See there.
            labels: int64, shape (B, L): 1 replaced, 0 original, -100 not scored.
            batch_labels: int64, shape (B,): the batch of each cell, -100 if it is not known.
            output_attentions: See there.
            output_hidden_states: See there.

        Raises:
            ValueError: A batch is outside ``config.num_batches``; and as there.
        """
        encoded = self._encode(
            input_ids, attention_mask, inputs_embeds, output_attentions, output_hidden_states
        )
        hidden = encoded.last_hidden_state
        cells = mean_of_tokens(hidden, attention_mask)
        logits = self.discriminator(hidden)
        batch_logits = self.batch_prediction_head(reverse_gradient(cells, self.config.grl_alpha))
        losses = []
        if labels is not None:
            losses.append(replaced_token_loss(logits, labels))
        if batch_labels is not None:
            losses.append(
                self.config.lambda_adv * class_loss(batch_logits, batch_labels, "batch_labels")
            )
        return BatchCorrectionOutput(
            loss=torch.stack(losses).sum() if losses else None,
            logits=logits,
            batch_logits=batch_logits,
            cell_embeddings=cells,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
        )


class AtacformerForSequenceClassification(_Head):
    """A class or a number for each cell, from the mean over its tokens: cell type, cell line."""

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
        output_attentions: bool | None = None,
        output_hidden_states: bool | None = None,
    ) -> SequenceClassifierOutput:
        """Return ``logits`` of shape (B, num_labels) and, with labels, the loss.

        Args:
            input_ids: See ``AtacformerModel.forward``; so are the other arguments.
            attention_mask: See there.
            inputs_embeds: See there.
            labels: Classes, int64, shape (B,), -100 if not known; several classes a cell, floats
                0 or 1, shape (B, num_labels); with ``num_labels=1`` numbers, shape (B,).
                ``config.problem_type`` says which, in the words of ``transformers``; None: their
                type and ``num_labels`` do.
            output_attentions: See there.
            output_hidden_states: See there.

        Raises:
            ValueError: A class is outside ``num_labels``; and as there.
        """
        encoded = self._encode(
            input_ids, attention_mask, inputs_embeds, output_attentions, output_hidden_states
        )
        cells = mean_of_tokens(encoded.last_hidden_state, attention_mask)
        logits = self.classifier(self.dropout(cells))
        return SequenceClassifierOutput(
            loss=None if labels is None else self._loss(logits, labels),
            logits=logits,
            hidden_states=encoded.hidden_states,
            attentions=encoded.attentions,
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
            return class_loss(logits, labels, "labels")
        if problem == "regression" and labels.dim() == 1:
            labels = labels[:, None]
        check_shape(labels, logits.shape, "labels")
        function = F.mse_loss if problem == "regression" else F.binary_cross_entropy_with_logits
        total: torch.Tensor = function(logits.float(), labels.float(), reduction="sum")
        return total / max(labels.numel(), 1)
