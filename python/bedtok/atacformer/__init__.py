# SPDX-License-Identifier: BSD-2-Clause
"""Atacformer for ``transformers``; importing it registers the models with the Auto classes.

Needs ``transformers`` and PyTorch: ``pip install bedtok[atacformer]``.
"""

try:
    import torch
    import transformers
except ImportError as error:
    raise ImportError(
        f"bedtok.atacformer needs {error.name}: pip install 'bedtok[atacformer]'; "
        "bedtok.tokenizers.Tokenizer works without it"
    ) from error

from bedtok._regions.region_scores import RegionScores
from bedtok.atacformer.attribution import attribute_regions
from bedtok.atacformer.callbacks import (
    AdjustedRandIndexCallback,
    GradientReversalCallback,
    ModelParameterChangeCallback,
    SetEpochCallback,
)
from bedtok.atacformer.cell_answers import embed_cells
from bedtok.atacformer.cell_collator import DataCollatorForCellClassification
from bedtok.atacformer.configuration_atacformer import AtacformerConfig
from bedtok.atacformer.data_collator import (
    DataCollatorForRegionModeling,
    DataCollatorForReplacedTokenDetection,
    DataCollatorForTripletLoss,
    DataCollatorForUnsupervisedBatchCorrection,
)
from bedtok.atacformer.freezing import freeze_except_last_n
from bedtok.atacformer.initialization import balanced_class_weights, initialize_from_cells
from bedtok.atacformer.label_transfer import LabelTransfer, transfer_labels
from bedtok.atacformer.modeling_atacformer import (
    AtacformerForCellClustering,
    AtacformerForMaskedLM,
    AtacformerForReplacedTokenDetection,
    AtacformerForSequenceClassification,
    AtacformerForUnsupervisedBatchCorrection,
    AtacformerModel,
    AtacformerPreTrainedModel,
)
from bedtok.atacformer.region_attribution import RegionAttribution
from bedtok.atacformer.schedules import (
    batch_correction_parameter_groups,
    get_decaying_cosine_with_hard_restarts_schedule_with_warmup,
    get_linear_schedule_with_floor_with_warmup,
    gradient_reversal_strength,
)
from bedtok.atacformer.tokenization_atacformer import AtacformerTokenizer
from bedtok.atacformer.triplets import Triplet, TripletDataset, sample_triplets
from bedtok.tokenizers import tokenize_anndata

TrainingTokenizer = AtacformerTokenizer  # geniml's name

__all__ = [
    "AdjustedRandIndexCallback",
    "AtacformerConfig",
    "AtacformerForCellClustering",
    "AtacformerForMaskedLM",
    "AtacformerForReplacedTokenDetection",
    "AtacformerForSequenceClassification",
    "AtacformerForUnsupervisedBatchCorrection",
    "AtacformerModel",
    "AtacformerPreTrainedModel",
    "AtacformerTokenizer",
    "DataCollatorForCellClassification",
    "DataCollatorForRegionModeling",
    "DataCollatorForReplacedTokenDetection",
    "DataCollatorForTripletLoss",
    "DataCollatorForUnsupervisedBatchCorrection",
    "GradientReversalCallback",
    "LabelTransfer",
    "ModelParameterChangeCallback",
    "RegionAttribution",
    "RegionScores",
    "SetEpochCallback",
    "TrainingTokenizer",
    "Triplet",
    "TripletDataset",
    "attribute_regions",
    "balanced_class_weights",
    "batch_correction_parameter_groups",
    "embed_cells",
    "freeze_except_last_n",
    "get_decaying_cosine_with_hard_restarts_schedule_with_warmup",
    "get_linear_schedule_with_floor_with_warmup",
    "gradient_reversal_strength",
    "initialize_from_cells",
    "sample_triplets",
    "tokenize_anndata",
    "transfer_labels",
]

# exist_ok: a module may be reloaded.
transformers.AutoConfig.register("atacformer", AtacformerConfig, exist_ok=True)
transformers.AutoTokenizer.register(
    AtacformerConfig, slow_tokenizer_class=AtacformerTokenizer, exist_ok=True
)
for _auto, _model in (
    (transformers.AutoModel, AtacformerModel),
    (transformers.AutoModelForMaskedLM, AtacformerForMaskedLM),
    (transformers.AutoModelForPreTraining, AtacformerForReplacedTokenDetection),
    (transformers.AutoModelForSequenceClassification, AtacformerForSequenceClassification),
):
    _auto.register(AtacformerConfig, _model, exist_ok=True)

del torch, transformers, _auto, _model
