# SPDX-License-Identifier: BSD-2-Clause
"""Trainer and pipelines take the tokenizer as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoTokenizer,
    BertModel,
    DataCollatorForLanguageModeling,
    Trainer,
    TrainingArguments,
    pipeline,
)

from bedtok.atacformer import AtacformerConfig, AtacformerForMaskedLM, AtacformerTokenizer


def make_trainer(model: Any, tokenizer: Any, cells: Any, folder: Path, steps: int) -> Trainer:
    arguments = TrainingArguments(
        output_dir=str(folder),
        max_steps=steps,
        save_steps=2,
        per_device_train_batch_size=4,
        logging_steps=1,
        report_to="none",
        seed=7,
        use_cpu=True,
    )
    return Trainer(
        model=model,
        args=arguments,
        train_dataset=[tokenizer(cell) for cell in cells],
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=True),
        processing_class=tokenizer,
    )


def test_trainer_saves_and_resumes_a_checkpoint(
    model: Any, tokenizer: AtacformerTokenizer, cells: Any, tmp_path: Path
) -> None:
    trainer = make_trainer(model, tokenizer, cells, tmp_path, steps=2)
    before = model.bert.embeddings.word_embeddings.weight.detach().clone()
    trainer.train()
    assert trainer.state.global_step == 2
    assert not torch.equal(before, model.bert.embeddings.word_embeddings.weight)

    checkpoint = tmp_path / "checkpoint-2"
    assert AtacformerTokenizer.from_pretrained(checkpoint) == tokenizer
    assert AutoTokenizer.from_pretrained(checkpoint) == tokenizer
    resumed = make_trainer(
        type(model).from_pretrained(checkpoint), tokenizer, cells, tmp_path, steps=4
    )
    resumed.train(resume_from_checkpoint=str(checkpoint))
    assert resumed.state.global_step == 4
    assert [entry["step"] for entry in resumed.state.log_history if "loss" in entry][-1] == 4


def test_trainer_pads_by_itself(model: Any, tokenizer: Any, cells: Any, tmp_path: Path) -> None:
    arguments = TrainingArguments(str(tmp_path), report_to="none", use_cpu=True)
    trainer = Trainer(model=model, args=arguments, processing_class=tokenizer)
    output = trainer.predict([tokenizer(cell) for cell in cells[:3]])
    assert output.predictions.shape[0] == 3


def test_metrics_over_all_tokens_are_computed_as_for_other_masked_models(
    tokenizer: Any, cells: Any, tmp_path: Path
) -> None:
    config = AtacformerConfig.from_tokenizer(
        tokenizer, hidden_size=16, intermediate_size=24, num_hidden_layers=1, num_attention_heads=2
    )

    def accuracy(evaluated: Any) -> dict[str, float]:
        predictions, labels = evaluated
        scored = labels != -100
        return {"accuracy": float((predictions[scored] == labels[scored]).mean())}

    trainer = Trainer(
        model=AtacformerForMaskedLM(config),
        args=TrainingArguments(str(tmp_path), report_to="none", use_cpu=True, seed=7),
        eval_dataset=[tokenizer(cell) for cell in cells],
        data_collator=DataCollatorForLanguageModeling(tokenizer, mlm=True, mlm_probability=0.5),
        compute_metrics=accuracy,
        preprocess_logits_for_metrics=lambda logits, labels: logits.argmax(dim=-1),
    )
    assert 0 <= trainer.evaluate()["eval_accuracy"] <= 1


def test_feature_extraction_takes_files_and_region_sets(
    model: Any, tokenizer: Any, cells: Any, bed_folder: list[Path]
) -> None:
    extract = pipeline(
        "feature-extraction",
        model=BertModel(model.config).eval(),
        tokenizer=tokenizer,
        device=torch.device("cpu"),
    )
    features = extract(cells[:3])
    assert [len(cell[0]) for cell in features] == [
        len(tokenizer(cell)["input_ids"]) for cell in cells[:3]
    ]
    from_file = extract([str(path) for path in bed_folder[:3]])
    assert torch.allclose(torch.tensor(from_file[0]), torch.tensor(features[0]), atol=1e-5)
    batched = extract(cells[:3], batch_size=3)
    assert torch.allclose(
        torch.tensor(batched[0])[:, : len(features[0][0])], torch.tensor(features[0]), atol=1e-5
    )


def test_fill_mask_names_regions_and_the_pipeline_saves_its_tokenizer(
    model: Any, tokenizer: Any, tmp_path: Path
) -> None:
    fill = pipeline("fill-mask", model=model, tokenizer=tokenizer, device=torch.device("cpu"))
    sample = ["chr1:0-10", "<mask>", "chr1:500-510"]
    for answers in fill([sample, sample], top_k=3):
        assert len(answers) == 3
        for answer in answers:
            assert answer["token_str"] == tokenizer.decode([answer["token"]])
            assert answer["sequence"][0] == "chr1:0-50"
            assert answer["sequence"][-1] == "chr1:500-550"
    fill.save_pretrained(tmp_path)
    assert AtacformerTokenizer.from_pretrained(tmp_path) == tokenizer
