#!/usr/bin/env python3
"""Prints docs/rpc.md: the calls of SweepService and their messages, by the comments of the protos. Needs grpcio-tools.

usage: docs/generate/rpc.py > docs/rpc.md
"""

import importlib.resources
import pathlib
import re
import tempfile
from typing import Callable, Iterator

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

ROOT = pathlib.Path(__file__).resolve().parents[2]
FILES = ["ofsweep/v1/sweep.proto", "ofsweep/v1/results.proto", "ofsweep/v1/access.proto"]

# Field numbers in descriptor.proto, of which the paths of comments consist.
MESSAGE, SERVICE, MEMBER = 4, 6, 2
SYNTAX = 12
NEEDS = 50311  # of the option `needs`, in role.proto
Field = descriptor_pb2.FieldDescriptorProto


def descriptors() -> list[descriptor_pb2.FileDescriptorProto]:
    with tempfile.NamedTemporaryFile() as out:
        include = importlib.resources.files("grpc_tools") / "_proto"
        paths = [f"-I{ROOT / 'proto'}", f"-I{include}"]
        if protoc.main(["protoc", *paths, "--include_source_info", f"--descriptor_set_out={out.name}", *FILES]) != 0:
            raise SystemExit("rpc.py: protoc refuses the protos; see above")
        found = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(out.name).read_bytes())
    files = {file.name: file for file in found.file}
    return [files[name] for name in FILES]


def role_reader() -> Callable[[descriptor_pb2.MethodDescriptorProto], str]:
    """What an RPC's option `needs` says (role.proto), which only a pool that knows the option can read."""
    pool = descriptor_pool.DescriptorPool()
    pool.Add(descriptor_pb2.FileDescriptorProto.FromString(descriptor_pb2.DESCRIPTOR.serialized_pb))
    role = descriptor_pb2.FileDescriptorProto(name="ofsweep/v1/role.proto", package="ofsweep.v1", syntax="proto3")
    role.dependency.append(descriptor_pb2.DESCRIPTOR.name)
    role.extension.add(
        name="needs", number=NEEDS, label=Field.LABEL_OPTIONAL, type=Field.TYPE_STRING, extendee=".google.protobuf.MethodOptions"
    )
    pool.Add(role)
    options = message_factory.GetMessageClass(pool.FindMessageTypeByName("google.protobuf.MethodOptions"))
    extension = pool.FindExtensionByName("ofsweep.v1.needs")
    return lambda call: options.FromString(call.options.SerializeToString()).Extensions[extension]


def comments(file: descriptor_pb2.FileDescriptorProto) -> dict[tuple[int, ...], str]:
    return {tuple(place.path): place.leading_comments for place in file.source_code_info.location}


def one_line(comment: str) -> str:
    return " ".join(comment.split()).replace("|", "\\|")


def anchor(name: str) -> str:
    return f"[{name}](#{name.lower()})"


def type_of(field: Field, entries: dict[str, descriptor_pb2.DescriptorProto]) -> str:
    name = field.type_name.rpartition(".")[2]
    if name in entries:
        key, value = entries[name].field
        return f"map of {type_of(key, entries)} to {type_of(value, entries)}"
    if field.type == Field.TYPE_MESSAGE:
        text = anchor(name) if field.type_name.startswith(".ofsweep.v1.") else field.type_name[1:]
    else:
        text = Field.Type.Name(field.type).removeprefix("TYPE_").lower()
    if field.label == Field.LABEL_REPEATED:
        return f"list of {text}"
    return f"{text}, optional" if field.proto3_optional else text


def calls(file: descriptor_pb2.FileDescriptorProto) -> Iterator[str]:
    told, role = comments(file), role_reader()
    for number, service in enumerate(file.service):
        yield f"\n## Calls of {service.name}\n\n| call | needs | request | answer | |\n|---|---|---|---|---|\n"
        for member, call in enumerate(service.method):
            stream = "stream of " if call.server_streaming else ""
            request, answer = (anchor(name.rpartition(".")[2]) for name in (call.input_type, call.output_type))
            comment = one_line(told.get((SERVICE, number, MEMBER, member), ""))
            if call.options.idempotency_level == descriptor_pb2.MethodOptions.NO_SIDE_EFFECTS:
                comment = f"{comment} No side effects: served to GET too.".strip()
            yield f"| `{call.name}` | {role(call)} | {request} | {stream}{answer} | {comment} |\n"


def messages(file: descriptor_pb2.FileDescriptorProto) -> Iterator[str]:
    told = comments(file)
    for number, message in enumerate(file.message_type):
        yield f"\n### {message.name}\n"
        if comment := one_line(told.get((MESSAGE, number), "")):
            yield f"\n{comment}\n"
        if not message.field:
            yield "\nNo fields.\n"
            continue
        entries = {nested.name: nested for nested in message.nested_type if nested.options.map_entry}
        yield "\n| field | type | |\n|---|---|---|\n"
        for member, field in enumerate(message.field):
            comment = one_line(told.get((MESSAGE, number, MEMBER, member), ""))
            if field.HasField("oneof_index") and not field.proto3_optional:
                comment = f"One of `{message.oneof_decl[field.oneof_index].name}`. {comment}".strip()
            yield f"| `{field.name}` | {type_of(field, entries)} | {comment} |\n"


def preface(file: descriptor_pb2.FileDescriptorProto) -> str:
    """The comment on top of the file, with its table of codes as a list."""
    (place,) = (one for one in file.source_code_info.location if tuple(one.path) == (SYNTAX,))
    text = "\n\n".join([*place.leading_detached_comments, place.leading_comments])
    lines = [re.sub(r"^ ", "", line) for line in text.strip().splitlines()]
    joined = re.sub(r"\n +(?=\S)", lambda match: "\n  " if len(match[0]) < 6 else " ", "\n".join(lines))
    return re.sub(r"^ +([A-Z_]+) +", r"- `\1`: ", joined, flags=re.MULTILINE)


def markdown() -> str:
    files = descriptors()
    text = f"""# Calls and messages

Written by `docs/generate/rpc.py` from the comments of [proto/ofsweep/v1](../proto/ofsweep/v1).
[howto-grpc.md](howto-grpc.md) shows how to call them from Python, by curl and by grpcurl. What an agent calls,
WorkerService, is told in [worker.proto](../proto/ofsweep/v1/worker.proto) alone.

{preface(files[0])}
"""
    text += "".join("".join(calls(file)) for file in files) + "\n## Messages\n"
    return text + "".join("".join(messages(file)) for file in files)


if __name__ == "__main__":
    print(markdown(), end="")
