#!/usr/bin/env python3
"""Trains a trial.json with PyTorch eager, as a good user writes it: SDPA, fused AdamW, foreach clipping. compare.py's peer.

Prints one JSON line: losses of the steps that were asked for, and what a step from `--from-step` to the last one cost.
Runs in the Python of bench/trainer/requirements.txt."""

import argparse
import contextlib
import importlib.util
import json
import pathlib
import time

import numpy
import torch
from peer_model import Decoder, draw_weights, separate_weights
from safetensors.torch import load_file, save_file


def parameter_groups(model, weight_decay):
    """Decay on tensors of two or more dimensions only."""
    parameters = list(model.parameters())
    return [
        {"params": [p for p in parameters if p.dim() >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.dim() < 2], "weight_decay": 0.0},
    ]


def make_optimizer(model, keys, soap_file):
    groups = parameter_groups(model, keys["weight_decay"])
    common = {"lr": keys["learning_rate"], "betas": (keys["beta1"], keys["beta2"]), "eps": keys["epsilon"]}
    if keys["name"] == "adam":
        return torch.optim.AdamW(groups, fused=True, **common)
    frequency, largest = keys["refresh_every"], keys["max_preconditioner_dim"]
    if soap_file:
        specification = importlib.util.spec_from_file_location("published_soap", soap_file)
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return module.SOAP(groups, precondition_frequency=frequency, max_precond_dim=largest, **common)
    from pytorch_optimizer import SOAP

    return SOAP(groups, lr=common["lr"], betas=common["betas"], eps=common["eps"], weight_decay=keys["weight_decay"],
                precondition_frequency=frequency, max_precondition_dim=largest)


class Batches:
    """Row r of step k is window (k·B + r) mod W, as with data.order: sequential."""

    def __init__(self, path, context, batch_size, device):
        self.tokens = torch.from_numpy(numpy.fromfile(path, dtype=numpy.uint16).astype(numpy.int64))
        self.windows = (len(self.tokens) - 1) // context
        self.context, self.batch_size, self.device = context, batch_size, device

    def rows(self, step, first, count):
        starts = [(step * self.batch_size + first + row) % self.windows * self.context for row in range(count)]
        batch = torch.stack([self.tokens[start : start + self.context + 1] for start in starts])
        if self.device.type == "cuda":
            batch = batch.pin_memory().to(self.device, non_blocking=True)
        return batch[:, :-1], batch[:, 1:]


class Trainer:
    def __init__(self, path, soap_file, compile_model):
        trial = json.loads(path.read_text())
        train = trial["train"]
        self.batch_size, self.clip_norm = train["batch_size"], train["clip_norm"]
        self.micro_batch_size = train["micro_batch_size"]
        self.device = torch.device(train["device"])
        # Three weights give SOAP three preconditioners, as ours; to Adam the joined one is the same and quicker.
        with self.device:
            self.model = Decoder(trial["model"], separate=trial["optimizer"]["name"] == "soap")
        if "init_from" in trial["model"]:
            self.model.load(load_file(path.parent / trial["model"]["init_from"]))
        else:
            draw_weights(self.model)
        self.optimizer = make_optimizer(self.model, trial["optimizer"], soap_file)
        self.batches = Batches(path.parent / trial["data"]["path"], trial["model"]["context"], self.batch_size, self.device)
        self.forward = torch.compile(self.model) if compile_model else self.model
        self.autocast = contextlib.nullcontext()
        if train["precision"] == "bf16":
            self.autocast = torch.autocast(self.device.type, dtype=torch.bfloat16)

    def step(self, step):
        total = 0
        for row in range(0, self.batch_size, self.micro_batch_size):
            rows = min(self.micro_batch_size, self.batch_size - row)
            inputs, targets = self.batches.rows(step, row, rows)
            with self.autocast:
                loss = self.forward(inputs, targets) * (rows / self.batch_size)
            loss.backward()
            total += loss.detach()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm, foreach=True)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return total

    def synchronize(self):
        if self.device.type == "cuda":
            torch.cuda.synchronize()


def train(options):
    trial = json.loads(options.config.read_text())
    torch.set_num_threads(trial["train"]["threads"])
    trainer = Trainer(options.config, options.soap_file, options.compile)
    losses = []
    for step in range(trial["train"]["steps"]):
        if step == options.from_step:
            trainer.synchronize()
            wall, cpu = time.perf_counter(), time.process_time()
        loss = trainer.step(step)
        if step < options.losses:
            losses.append(loss.item())
    trainer.synchronize()
    steps = trial["train"]["steps"] - options.from_step
    result = {"losses": losses, "seconds": (time.perf_counter() - wall) / steps,
              "cpu_seconds": (time.process_time() - cpu) / steps}
    print(json.dumps(result), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=pathlib.Path, required=True, help="a trial.json with every value written out")
    parser.add_argument("--from-step", type=int, default=0, help="the first step that is timed")
    parser.add_argument("--losses", type=int, default=0, help="report the losses of so many first steps")
    parser.add_argument("--soap-file", help="soap.py of the authors' repository, in place of pytorch_optimizer's")
    parser.add_argument("--compile", action="store_true", help="torch.compile the model")
    parser.add_argument("--write-weights", type=pathlib.Path, help="only write initial weights to this file")
    options = parser.parse_args()
    if options.write_weights:
        save_file(separate_weights(json.loads(options.config.read_text())["model"]), options.write_weights)
    else:
        train(options)


if __name__ == "__main__":
    main()
