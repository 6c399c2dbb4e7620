"""The tables of the openb trace: a cluster's nodes, and the requests it got.

cpu_milli / 1000 rounded up is VCPU, memory_mib is MEMORY_MB, a GPU is a nested
provider with 1000 CUSTOM_GPU_MILLI and its model's trait. A shared GPU is a
fraction of one; several GPUs are as many groups on different ones.
"""

from __future__ import annotations

from pathlib import Path

from understudy.cli.bad_input import BadInput
from understudy.cli.inputs import names, providers, tables
from understudy.cli.inputs.providers import GPU_MILLI, WHOLE_GPU
from understudy.objects import text, validation
from understudy.objects.build_request import BuildRequest, ResourceGroup
from understudy.objects.errors import InvalidRequest
from understudy.objects.fields import GroupPolicy
from understudy.objects.host import Host

NODE_COLUMNS = ("sn", "cpu_milli", "memory_mib", "gpu", "model")
POD_COLUMNS = ("name", "cpu_milli", "memory_mib", "num_gpu", "gpu_milli", "gpu_spec")
MAX_GPUS = 256
"""GPUs in one host or one request; more is a slip of the pen."""


def read_nodes(path: Path) -> list[Host]:
    """Return the hosts of a node list, in its order and in no cell yet."""
    hosts: list[Host] = []
    seen: dict[str, int] = {}
    for row in tables.read(path, NODE_COLUMNS):
        node = _node(row)
        if node.name in seen:
            raise row.wrong(
                "sn", f"{node.name!r} stands on line {seen[node.name]} too", "name each node once"
            )
        seen[node.name] = row.line
        hosts.append(node)
    return hosts


def read_pods(
    path: Path, project_id: str, user_id: str, limit: int | None = None
) -> list[BuildRequest]:
    """Return the first `limit` requests of a pod list, in its order."""
    return [_pod(row, project_id, user_id) for row in tables.read(path, POD_COLUMNS, limit)]


def vcpus(cpu_milli: int) -> int:
    """Return how many whole VCPU hold so many thousandths."""
    return -(-cpu_milli // 1000)


def _node(row: tables.Row) -> Host:
    name = row.text("sn")
    if len(name) > names.MAX_NAME:
        raise row.wrong("sn", "it is too long", f"write at most {names.MAX_NAME} characters")
    if not names.is_host(name):
        raise row.wrong("sn", f"{text.excerpt(name)} cannot be a host's name", names.HOST)
    totals = {
        "VCPU": vcpus(row.amount("cpu_milli", least=1)),
        "MEMORY_MB": row.amount("memory_mib", least=1),
    }
    tree = [providers.root(name, totals)]
    count = row.amount("gpu", most=MAX_GPUS)
    if count:
        tree += providers.gpus(name, count, row.text("model"))
    return providers.host(name, tree)


def _pod(row: tables.Row, project_id: str, user_id: str) -> BuildRequest:
    name = row.text("name")
    groups = _gpu_groups(row)
    amounts = {
        "VCPU": vcpus(row.amount("cpu_milli")),
        "MEMORY_MB": row.amount("memory_mib"),
    }
    # A trace writes 0 for what a pod did not ask for; a request leaves it out.
    resources = {name: amount for name, amount in amounts.items() if amount}
    if not resources and not groups:
        raise row.wrong("cpu_milli", "the row asks for nothing", "ask for CPU, memory or a GPU")
    request = BuildRequest(
        request_id=providers.uuid_of("request", str(row.line), name),
        name=name,
        resources=resources,
        groups=groups,
        group_policy=GroupPolicy.ISOLATE if len(groups) > 1 else None,
        project_id=project_id,
        user_id=user_id,
    )
    try:
        validation.check(request)
    except InvalidRequest as invalid:
        raise BadInput.of(row.place, invalid) from None
    return request


def _gpu_groups(row: tables.Row) -> list[ResourceGroup]:
    count = row.amount("num_gpu", most=MAX_GPUS)
    if count == 0:
        row.amount("gpu_milli", most=0)
        return []
    # Only one GPU alone can be shared.
    least = 1 if count == 1 else WHOLE_GPU
    amount = row.amount("gpu_milli", least, WHOLE_GPU)
    models = _models(row)
    return [
        ResourceGroup(
            suffix=f"_GPU{number}",
            resources={GPU_MILLI: amount},
            any_traits=[models] if models else [],
        )
        for number in range(count)
    ]


def _models(row: tables.Row) -> list[str]:
    spec = row.optional("gpu_spec")
    if not spec:
        return []
    models = [model.strip() for model in spec.split("|")]
    if not all(models):
        raise row.wrong(
            "gpu_spec", f"{text.excerpt(spec)} has an empty part", "write models as in V100|T4"
        )
    return list(dict.fromkeys(providers.model_trait(model) for model in models))
