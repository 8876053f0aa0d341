"""Terraform providers with the real schemas and no cloud behind them: the real terraform checks what infra/ says.

    python provider.py terraform plan ...

runs the command with `google` (from google.schema.json) and `archive` served on loopback; no registry is asked. What a
cloud would decide is unknown in a plan, and made up when applied. `archive_file` is real: it writes the zip.
"""

import base64
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from concurrent import futures
from pathlib import Path
from typing import Any

import grpc
import msgpack
from tf.gen import tfplugin_pb2 as pb
from tf.gen import tfplugin_pb2_grpc as rpc

HERE = Path(__file__).parent
UNKNOWN = msgpack.ExtType(0, b"\x00")
MOST = 64 << 20  # bytes of one message
STRINGS = ("project", "region", "zone", "credentials", "impersonate_service_account", "billing_project")
GOOGLE_CONFIG = {
    "attributes": {
        **{name: {"type": "string"} for name in STRINGS},
        "user_project_override": {"type": "bool"},
        "default_labels": {"type": ["map", "string"]},
    },
    "blocks": {},
}
HASHES = ("output_md5", "output_sha", "output_sha256", "output_base64sha256", "output_sha512", "output_base64sha512")
ARCHIVE = {
    "resources": {},
    "data": {
        "archive_file": {
            "attributes": {
                "type": {"type": "string", "required": True},
                "output_path": {"type": "string", "required": True},
                "output_file_mode": {"type": "string"},
                "id": {"type": "string", "read_only": True},
                "output_size": {"type": "number", "read_only": True},
                **{name: {"type": "string", "read_only": True} for name in HASHES},
            },
            "blocks": {
                "source": {
                    "many": True,
                    "set": True,
                    "block": {
                        "attributes": {
                            "content": {"type": "string", "required": True},
                            "filename": {"type": "string", "required": True},
                        },
                        "blocks": {},
                    },
                }
            },
        }
    },
}
Block = dict[str, Any]
Value = dict[str, Any]


def as_block(block: Block) -> pb.Schema.Block:
    """A block of the schema as the protocol wants it."""
    out = pb.Schema.Block(version=0)
    for name, attribute in sorted(block["attributes"].items()):
        read_only, required = attribute.get("read_only", False), attribute.get("required", False)
        out.attributes.add(
            name=name,
            type=json.dumps(attribute["type"]).encode(),
            required=required,
            optional=not required and not read_only,
            computed=not required,
        )
    nesting = pb.Schema.NestedBlock
    for name, nested in sorted(block["blocks"].items()):
        fewest, most = int(nested.get("required", False)), 0 if nested["many"] else 1
        kind = nesting.SET if nested.get("set") else nesting.LIST
        if name == "timeouts":
            kind, fewest, most = nesting.SINGLE, 0, 0
        inner = as_block(nested["block"])
        out.block_types.add(type_name=name, block=inner, nesting=kind, min_items=fewest, max_items=most)
    return out


def complete(value: Value | None, block: Block, choose: Callable[[str, Any], Any]) -> Value | None:
    """``value`` with what the provider decides in it: what is read-only, in nested blocks too."""
    if value is None:
        return None
    for name, attribute in block["attributes"].items():
        if (attribute.get("read_only") or name == "id") and value.get(name) is None:
            value[name] = choose(name, attribute["type"])
    for name, nested in block["blocks"].items():
        inner = value.get(name)
        for one in inner if isinstance(inner, list) else [inner] if isinstance(inner, dict) else []:
            complete(one, nested["block"], choose)
    return value


def settle(value: Any, block: Block) -> Any:
    """``value`` with something in place of all that is unknown, as after an apply."""
    if isinstance(value, dict):
        for name, attribute in block["attributes"].items():
            if isinstance(value.get(name), msgpack.ExtType):
                value[name] = made_up(name, attribute["type"])
        for name, nested in block["blocks"].items():
            inner = value.get(name)
            for one in inner if isinstance(inner, list) else [inner]:
                settle(one, nested["block"])
    return value


def made_up(name: str, kind: Any) -> Any:
    """A value of this type that a cloud might have given."""
    simple = {"string": f"made-up-{name}", "number": 0, "bool": False, "dynamic": [b'"string"', f"made-up-{name}"]}
    match kind:
        case str():
            return simple[kind]
        case ["list" | "set", ["object", fields]]:
            return [{field: made_up(field, inner) for field, inner in fields.items()}]
        case ["list" | "set", _]:
            return []
        case _:
            return {}


def write_archive(config: Value) -> Value:
    """`archive_file`: the zip, in order and without times, so that the same files make the same bytes."""
    path = Path(config["output_path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for source in sorted(config["source"], key=lambda one: str(one["filename"])):
            entry = zipfile.ZipInfo(source["filename"], (2049, 1, 1, 0, 0, 0))
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, source["content"].encode(), zipfile.ZIP_DEFLATED)
    content = path.read_bytes()
    made = {"id": hashlib.sha1(content, usedforsecurity=False).hexdigest(), "output_size": len(content)}
    for name in HASHES:
        algorithm = name.removeprefix("output_").removeprefix("base64")
        digest = hashlib.new("sha1" if algorithm == "sha" else algorithm, content, usedforsecurity=False)
        made[name] = base64.b64encode(digest.digest()).decode() if "base64" in name else digest.hexdigest()
    return {**config, **made}


def unpack(value: pb.DynamicValue) -> Any:
    return msgpack.unpackb(value.msgpack, strict_map_key=False, raw=False) if value.msgpack else None


def pack(value: Any) -> pb.DynamicValue:
    return pb.DynamicValue(msgpack=msgpack.packb(value, use_bin_type=True))


class Provider(rpc.ProviderServicer):  # type: ignore[misc]  # generated, without types
    """One provider; what its methods are is Terraform's plugin protocol 6."""

    def __init__(self, schema: Block, config: Block) -> None:
        self._schema, self._config = schema, config

    def GetMetadata(self, _request: Any, _context: Any) -> Any:
        return pb.GetMetadata.Response(
            resources=[pb.GetMetadata.ResourceMetadata(type_name=name) for name in self._schema["resources"]],
            data_sources=[pb.GetMetadata.DataSourceMetadata(type_name=name) for name in self._schema["data"]],
        )

    def GetProviderSchema(self, _request: Any, _context: Any) -> Any:
        answer = pb.GetProviderSchema.Response(provider=pb.Schema(version=0, block=as_block(self._config)))
        for name, block in self._schema["resources"].items():
            answer.resource_schemas[name].CopyFrom(pb.Schema(version=0, block=as_block(block)))
        for name, block in self._schema["data"].items():
            answer.data_source_schemas[name].CopyFrom(pb.Schema(version=0, block=as_block(block)))
        return answer

    def ValidateProviderConfig(self, _request: Any, _context: Any) -> Any:
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, _request: Any, _context: Any) -> Any:
        return pb.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, _request: Any, _context: Any) -> Any:
        return pb.ValidateDataResourceConfig.Response()

    def ConfigureProvider(self, _request: Any, _context: Any) -> Any:
        return pb.ConfigureProvider.Response()

    def UpgradeResourceState(self, request: Any, _context: Any) -> Any:
        return pb.UpgradeResourceState.Response(upgraded_state=pb.DynamicValue(json=request.raw_state.json))

    def ReadResource(self, request: Any, _context: Any) -> Any:
        return pb.ReadResource.Response(new_state=request.current_state)

    def PlanResourceChange(self, request: Any, _context: Any) -> Any:
        value = unpack(request.proposed_new_state)
        if unpack(request.prior_state) is None:
            complete(value, self._schema["resources"][request.type_name], lambda _name, _kind: UNKNOWN)
        return pb.PlanResourceChange.Response(planned_state=pack(value))

    def ApplyResourceChange(self, request: Any, _context: Any) -> Any:
        value = settle(unpack(request.planned_state), self._schema["resources"][request.type_name])
        return pb.ApplyResourceChange.Response(new_state=pack(value))

    def ReadDataSource(self, request: Any, _context: Any) -> Any:
        config, block = unpack(request.config), self._schema["data"][request.type_name]
        value = write_archive(config) if request.type_name == "archive_file" else complete(config, block, made_up)
        return pb.ReadDataSource.Response(state=pack(value))

    def StopProvider(self, _request: Any, _context: Any) -> Any:
        return pb.StopProvider.Response()

    def GetFunctions(self, _request: Any, _context: Any) -> Any:
        return pb.GetFunctions.Response()


def serve(provider: Provider) -> tuple[grpc.Server, dict[str, Any]]:
    """The running server, and how terraform finds it."""
    server = grpc.server(
        futures.ThreadPoolExecutor(8),
        options=[("grpc.max_send_message_length", MOST), ("grpc.max_receive_message_length", MOST)],
    )
    rpc.add_ProviderServicer_to_server(provider, server)
    # Terraform asks the health service first; its answer SERVING is two bytes.
    healthy = grpc.unary_unary_rpc_method_handler(lambda _request, _context: b"\x08\x01")
    check = grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": healthy})
    server.add_generic_rpc_handlers((check,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    address = {"Network": "tcp", "String": f"127.0.0.1:{port}"}
    return server, {"Protocol": "grpc", "ProtocolVersion": 6, "Pid": os.getpid(), "Test": True, "Addr": address}


def main() -> int:
    """Runs the command; its exit status."""
    google = json.loads((HERE / "google.schema.json").read_text("utf-8"))
    providers = {
        "google": Provider(google, GOOGLE_CONFIG),
        "archive": Provider(ARCHIVE, {"attributes": {}, "blocks": {}}),
    }
    running = {name: serve(provider) for name, provider in providers.items()}
    attached = {f"registry.terraform.io/hashicorp/{name}": address for name, (_, address) in running.items()}
    environ = {**os.environ, "TF_REATTACH_PROVIDERS": json.dumps(attached), "CHECKPOINT_DISABLE": "1"}
    try:
        return subprocess.run(sys.argv[1:], env=environ, check=False).returncode
    finally:
        for server, _ in running.values():
            server.stop(grace=None)


if __name__ == "__main__":
    sys.exit(main())
