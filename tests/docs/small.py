"""A sweep file, cut small: the same arms, on models that train within a second."""

import yaml

SMALL = {
    "model": {"layers": 2, "width": 32, "heads": 2, "context": 32},
    "data": {"vocabulary": 512},
    "train": {"steps": 20, "batch_size": 4, "device": "cpu", "threads": 1, "checkpoint_every": 10},
    "measure": {"every": 5, "metrics": "all"},
    "evaluate": {"batches": 2, "int8_calibration_batches": 1},
}


class Loader(yaml.SafeLoader):
    """1e-3 is a number in YAML 1.2 and to ofsweep, and a text in PyYAML; as text it is written back as it was."""


def flat(section: dict, prefix: str = "") -> dict:
    found = {}
    for key, value in section.items():
        found |= flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return found


def cut(text: str, corpus: str) -> str:
    """`corpus` stands in for the Python files of the machine."""
    sweep = yaml.load(text, Loader)
    trial = flat(sweep.get("trial", {})) | flat(SMALL)
    trial.pop("model.preset", None)
    source = trial.get("data.source", "python")
    if source == "python":
        trial |= {"data.source": "text", "data.path": corpus}
    if source == "tokens":
        del trial["data.vocabulary"]
    sweep["trial"] = trial
    return yaml.safe_dump(sweep, sort_keys=False)
