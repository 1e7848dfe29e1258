"""Generates the stubs `ofsweep.v1` from the service's own protos while a wheel is built, so that they are defined once.

The protos lie in the repository's proto/, two folders up, and in a source distribution beside this file.
"""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import pathlib
import re
import tempfile
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface

PROTOS = ["ofsweep/v1/role.proto", "ofsweep/v1/results.proto", "ofsweep/v1/sweep.proto"]  # what SweepService speaks; workers have their own


def proto_folder(root: pathlib.Path) -> pathlib.Path:
    for folder in (root / "proto", root.parent.parent / "proto"):
        if (folder / PROTOS[0]).is_file():
            return folder
    raise FileNotFoundError(
        f"there is no proto/{PROTOS[0]}: build clients/python inside a checkout, or a source distribution of it"
    )


def generate(root: pathlib.Path, out: pathlib.Path) -> None:
    """Writes the package ofsweep/v1 below `out`."""
    from grpc_tools import protoc

    include = importlib.resources.files("grpc_tools") / "_proto"
    arguments = ["protoc", f"-I{proto_folder(root)}", f"-I{include}"]
    arguments += [f"--{kind}_out={out}" for kind in ("python", "pyi", "grpc_python")]
    if protoc.main(arguments + PROTOS) != 0:
        raise RuntimeError("protoc failed; its messages are above")
    (out / "ofsweep" / "v1" / "__init__.py").touch()


def gencode_version(root: pathlib.Path) -> str:
    """Of protobuf: generated code refuses a runtime that is older than itself."""
    with tempfile.TemporaryDirectory() as folder:
        generate(root, pathlib.Path(folder))
        text = (pathlib.Path(folder) / "ofsweep" / "v1" / "sweep_pb2.py").read_text()
    found = re.search(r"^# Protobuf Python Version: ([\d.]+)", text, re.MULTILINE)
    return found.group(1) if found else importlib.metadata.version("protobuf")


class Dependencies(MetadataHookInterface):
    def update(self, metadata: dict[str, Any]) -> None:
        metadata["dependencies"] = [
            "googleapis-common-protos>=1.60",
            f"grpcio>={importlib.metadata.version('grpcio-tools')}",
            "numpy>=1.22",
            "pandas>=1.5",
            f"protobuf>={gencode_version(pathlib.Path(self.root))}",
        ]


class Stubs(BuildHookInterface[Any]):
    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        root = pathlib.Path(self.root)
        if self.target_name == "sdist":
            build_data["force_include"].update({str(proto_folder(root) / name): f"proto/{name}" for name in PROTOS})
        elif version == "editable":
            generate(root, root / "src")
        else:
            self.generated = tempfile.TemporaryDirectory()
            generate(root, pathlib.Path(self.generated.name))
            build_data["force_include"][f"{self.generated.name}/ofsweep/v1"] = "ofsweep/v1"
