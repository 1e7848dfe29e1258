"""Reads checkpoints with Python's safetensors by the names, shapes, metadata and checksum of docs/trainer.md, and has
ofsweep-trainer evaluate weights that Python wrote."""

import argparse
import hashlib
import json
import pathlib
import re
import struct
import subprocess
import tempfile

import numpy
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

LAYERS, WIDTH, HEADS, CONTEXT, VOCABULARY, FFN, STEPS = 2, 16, 2, 8, 48, 24, 6

MODELS = {
    "pre_norm": {"block": "pre_norm", "bias": "all"},
    "post_norm": {"block": "post_norm", "embedding_norm": "layer_norm", "norm": "rms_norm", "bias": "qk"},
    "op": {"block": "op", "tie_embeddings": False, "residual_scale_trainable": True, "positions": "rotary"},
}


def trial_of(model, optimizer, tokens):
    shape = {"layers": LAYERS, "width": WIDTH, "heads": HEADS, "context": CONTEXT, "vocabulary": VOCABULARY,
             "ffn_width": FFN}
    return {
        "model": shape | model,
        "optimizer": {"name": optimizer},
        "train": {"steps": STEPS, "batch_size": 4, "device": "cpu", "threads": 1, "checkpoint_every": 2},
        "data": {"source": "tokens", "path": tokens, "validation_fraction": 0.2},
        "evaluate": {"int8": True, "int8_calibration_batches": 2},
    }


def documented_parameters(model):
    """The table of docs/trainer.md, for one model."""
    block, norm = model["block"], model.get("norm", "layer_norm")
    shapes = {"embed.token.weight": (VOCABULARY, WIDTH)}

    def add_norm(name, kind):
        shapes[name + ".weight"] = (WIDTH,)
        if kind == "layer_norm":
            shapes[name + ".bias"] = (WIDTH,)

    def add_linear(name, rows, columns, has_bias):
        shapes[name + ".weight"] = (rows, columns)
        if has_bias:
            shapes[name + ".bias"] = (rows,)

    if model.get("positions", "learned") == "learned":
        shapes["embed.position.weight"] = (CONTEXT, WIDTH)
    if "embedding_norm" in model:
        add_norm("embed.norm", model["embedding_norm"])
    bias = model.get("bias", "none")
    for layer in range(LAYERS):
        prefix = f"blocks.{layer}."
        if block != "op" or layer == 0:
            add_norm(prefix + "attn_norm", norm)
        for part in "q", "k", "v", "out":
            add_linear(prefix + "attn." + part, WIDTH, WIDTH, bias == "all" or (bias == "qk" and part in "qk"))
        if block == "op":
            for part in "q_norm", "k_norm":
                shapes[f"{prefix}attn.{part}.weight"] = (WIDTH // HEADS,)
        else:
            add_norm(prefix + "mlp_norm", norm)
        add_linear(prefix + "mlp.up", FFN, WIDTH, bias == "all")
        add_linear(prefix + "mlp.down", WIDTH, FFN, bias == "all")
        if model.get("residual_scale_trainable"):
            shapes[prefix + "residual_scale"] = (1,)
    if block != "post_norm":
        add_norm("final_norm", norm)
    if not model.get("tie_embeddings", True):
        shapes["head.weight"] = (VOCABULARY, WIDTH)
    return shapes


def documented_state(parameters, optimizer):
    """What stands beside the parameters; SOAP's sides are those of matrices."""
    shapes = {"optimizer.step": (1,)}
    for name, shape in parameters.items():
        shapes[f"optimizer.exp_avg.{name}"] = shape
        shapes[f"optimizer.exp_avg_sq.{name}"] = shape
        if optimizer == "soap" and len(shape) == 2:
            for side, size in ("left", shape[0]), ("right", shape[1]):
                for kind in "gram", "basis":
                    shapes[f"optimizer.{kind}_{side}.{name}"] = (size, size)
    return shapes


def check_checksum(path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header = content[8:8 + length]
    found = re.search(rb'"sha256":"([0-9a-f]{64})"', header)
    digest = hashlib.sha256(header.replace(found.group(1), b"0" * 64) + content[8 + length:]).hexdigest()
    assert digest == found.group(1).decode(), path


def run(trainer, *arguments):
    """The events of a run, by kind."""
    finished = subprocess.run([trainer, *map(str, arguments)], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    events = {}
    for line in finished.stdout.splitlines():
        event = json.loads(line)
        events.setdefault(event["event"], []).append(event)
    return events


def last_value(events, metric):
    return [value for event in events["points"] for name, _, _, value in event["points"] if name == metric][-1]


def check_checkpoint(path, model, optimizer, step):
    check_checksum(path)
    tensors = load_file(path)
    parameters = documented_parameters(model)
    generator = tensors.pop("generator.cpu")
    assert generator.dtype == numpy.uint8 and generator.ndim == 1
    found = {name: tensor.shape for name, tensor in tensors.items()}
    expected = parameters | documented_state(parameters, optimizer)
    assert found == expected, set(found.items()) ^ set(expected.items())
    assert all(tensors[name].dtype == numpy.float32 for name in parameters)
    assert tensors["optimizer.step"].tolist() == [step]

    with safe_open(path, framework="numpy") as opened:
        metadata = opened.metadata()
    assert metadata["format"] == "ofsweep checkpoint 1"
    assert int(metadata["step"]) == step and float(metadata["seconds"]) > 0
    assert json.loads(metadata["config"])["model.block"] == model["block"]
    assert {"config_hash", "data_fingerprint", "high_loss_since", "sha256"} <= metadata.keys()
    return {name: tensors[name] for name in parameters}


def check_damage_is_found(trainer, trial, path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    damaged = path.with_name("damaged.safetensors")
    damaged.write_bytes(content)
    finished = subprocess.run([trainer, "evaluate", "--config", trial, "--checkpoint", damaged], capture_output=True,
                              text=True)
    assert finished.returncode == 1 and "does not match its checksum" in finished.stdout, finished.stdout


def check_model(trainer, folder, model, optimizer, tokens):
    trial = folder / "trial.json"
    trial.write_text(json.dumps(trial_of(model, optimizer, tokens)))
    trained = run(trainer, "--config", trial, "--output", folder)
    names = [pathlib.Path(event["path"]).name for event in trained["checkpoint"]]
    assert names == [f"checkpoint-{step:09d}.safetensors" for step in (2, 4, 6)], names
    assert sorted(path.name for path in folder.glob("*.safetensors")) == names[-2:]
    check_checkpoint(folder / names[-2], model, optimizer, STEPS - 2)
    weights = check_checkpoint(folder / names[-1], model, optimizer, STEPS)
    check_damage_is_found(trainer, trial, folder / names[-1])

    plain = folder / "plain.safetensors"
    save_file(weights, plain)
    evaluated = run(trainer, "evaluate", "--config", trial, "--checkpoint", plain, "--int8", "--sensitivity")
    for metric in "eval_loss", "int8_loss":
        assert last_value(evaluated, metric) == last_value(trained, metric), metric
    places = {event["place"] for event in evaluated["quantizer"]}
    assert {event["place"] for event in evaluated["sensitivity"]} == places
    assert {place for place, _ in evaluated["sensitivity_ranking"][0]["increases"]} == places
    assert len(places & documented_parameters(model).keys()) > LAYERS * 6


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--trainer", required=True)
    parser.add_argument("--tokens", required=True)
    arguments = parser.parse_args()
    for name, model in MODELS.items():
        for optimizer in "adam", "soap":
            with tempfile.TemporaryDirectory() as folder:
                check_model(arguments.trainer, pathlib.Path(folder), model, optimizer, arguments.tokens)
            print(name, optimizer, "ok")


if __name__ == "__main__":
    main()
