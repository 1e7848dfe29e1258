"""Two clients of the Connect protocol that are not ours: connectrpc for Python, and curl. Exits 0 when both are served.

usage: connect_client.py --proto FOLDER --generated FOLDER --http HOST:PORT
"""

import argparse
import importlib
import importlib.resources
import json
import pathlib
import subprocess
import sys

from connectrpc.client import ConnectClientSync
from connectrpc.code import Code
from connectrpc.compat import google_protobuf_binary_codec, google_protobuf_json_codec
from connectrpc.errors import ConnectError
from connectrpc.method import IdempotencyLevel, MethodInfo, StreamType
from grpc_tools import protoc

SERVICE = "ofsweep.v1.SweepService"
SPEC = "name: s\ntrial: {train.steps: 20, train.device: cpu}\ngrid: {model.block: [pre_norm, op], seed: [0, 1]}\n"


def generate(proto_dir, out):
    out.mkdir(parents=True)
    include = importlib.resources.files("grpc_tools") / "_proto"
    arguments = ["protoc", f"-I{proto_dir}", f"-I{include}", f"--python_out={out}", "ofsweep/v1/role.proto", "ofsweep/v1/results.proto", "ofsweep/v1/sweep.proto"]
    assert protoc.main(arguments) == 0
    sys.path.insert(0, str(out))
    return importlib.import_module("ofsweep.v1.sweep_pb2")


def method(messages, name, streams=False):
    descriptor = messages.DESCRIPTOR.services_by_name["SweepService"].methods_by_name[name]
    has_no_side_effects = descriptor.GetOptions().idempotency_level == 1
    return MethodInfo(
        name=name,
        service_name=SERVICE,
        input=getattr(messages, descriptor.input_type.name),
        output=getattr(messages, descriptor.output_type.name),
        stream_type=StreamType.SERVER_STREAM if streams else StreamType.UNARY,
        idempotency_level=IdempotencyLevel.NO_SIDE_EFFECTS if has_no_side_effects else IdempotencyLevel.UNKNOWN,
    )


def check_connectrpc(messages, address):
    """Its messages are packed by gzip, as it does it by default."""
    for codec in (google_protobuf_binary_codec(), google_protobuf_json_codec()):
        with ConnectClientSync(f"http://{address}", codec=codec, timeout_ms=60_000) as client:
            submit = messages.SubmitSweepRequest(yaml=messages.YamlSpec(text=SPEC))
            sweep = client.execute_unary(request=submit, method=method(messages, "SubmitSweep")).sweep
            assert sweep.trials.pending == 4, sweep
            get = messages.GetSweepRequest(name="s")
            for use_get in (False, True):
                found = client.execute_unary(request=get, method=method(messages, "GetSweep"), use_get=use_get)
                assert found.sweep.spec == SPEC, found
            watch = client.execute_server_stream(
                request=messages.WatchSweepRequest(name="s"), method=method(messages, "WatchSweep", streams=True)
            )
            assert next(iter(watch)).sweep.trials.pending == 4
            try:
                client.execute_unary(request=messages.GetSweepRequest(name="none"), method=method(messages, "GetSweep"))
            except ConnectError as error:
                assert error.code == Code.NOT_FOUND and "none" in error.message, error
            else:
                raise AssertionError("a sweep that there is not was found")


def curl(*arguments):
    return json.loads(subprocess.run(["curl", "--silent", "--max-time", "60", *arguments], check=True, stdout=subprocess.PIPE).stdout)


def check_curl(address):
    url = f"http://{address}/{SERVICE}"
    found = curl("--json", '{"name": "s"}', f"{url}/GetSweep")
    assert found["sweep"]["trials"]["pending"] == 4, found
    listed = curl("--get", "--data-urlencode", "message={}", "--data", "encoding=json", f"{url}/ListSweeps")
    assert [sweep["name"] for sweep in listed["sweeps"]] == ["s"], listed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--proto", required=True)
    parser.add_argument("--generated", type=pathlib.Path, required=True)
    parser.add_argument("--http", required=True)
    options = parser.parse_args()
    messages = generate(options.proto, options.generated)
    check_connectrpc(messages, options.http)
    check_curl(options.http)


if __name__ == "__main__":
    main()
