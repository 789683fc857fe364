"""Images, compose file and manifests agree with the product: commands, settings, ports, versions, and no secrets."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from frametally.cli.main import make_parser
from tests.deploy.files import (
    DEPLOY,
    DOCKERFILES,
    MANIFESTS,
    Started,
    compose,
    documented_settings,
    instructions,
    manifests,
    pod_containers,
    started,
)
from tests.packaging.requirement_files import read_pins
from tests.support.source_tree import ROOT

OURS = {"frametally-dashboard", "frametally-worker", "frametally-gpu-worker"}
OUR_PORTS = {"dashboard": 8501, "engine": 9001, "nginx": 8080, "ray": 6379, "ray client": 10001}
SECRET = re.compile(r"(PASSWORD|SECRET|TOKEN|_KEY|KEY_ID|DATABASE_URL)$")


def commands() -> list[tuple[str, ...]]:
    """All commands of the images, the services and the pods."""
    of_images = [
        json.loads(rest) for path in DOCKERFILES for name, rest in instructions(path.read_text()) if name == "CMD"
    ]
    return [tuple(each) for each in [*of_images, *(each.command for each in started() if each.command)]]


def port_of(command: tuple[str, ...]) -> int:
    return int(make_parser().parse_args(command[1:]).port)


def test_every_command_is_one_of_the_product_or_of_ray() -> None:
    ours = [command for command in commands() if command[0] == "frametally"]
    assert {command[1] for command in ours} == {"dashboard", "engine"}
    for command in ours:
        options = make_parser().parse_args(command[1:])
        assert options.port == OUR_PORTS[command[1]]
    others = {command[:2] for command in commands() if command[0] != "frametally"}
    assert {command for command in others if command[0] == "ray"} == {("ray", "start")}


def test_every_setting_is_documented() -> None:
    named = set(re.findall(r"\bFRAMETALLY_\w+", "".join(path.read_text() for path in text_files())))
    assert len(named) > 8
    assert named - documented_settings() == set()


def test_the_ports_agree() -> None:
    nginx = (DEPLOY / "nginx.conf").read_text()
    assert re.findall(r"server (\S+):(\d+)", nginx) == [("dashboard-1", "8501"), ("dashboard-2", "8501")] * 2
    assert re.findall(r"listen (\d+);", nginx) == [str(OUR_PORTS["nginx"])]
    services = compose()["services"]
    assert services["nginx"]["ports"] == ["127.0.0.1:8080:8080"]
    assert [name for name, service in services.items() if "ports" in service] == ["nginx"]
    exposed = {
        path.name: rest for path in DOCKERFILES for name, rest in instructions(path.read_text()) if name == "EXPOSE"
    }
    assert exposed == {"dashboard.Dockerfile": "8501", "worker.Dockerfile": "6379 10001"}
    reached = {each.environment.get("FRAMETALLY_API_URL") for each in started()} - {None}
    assert reached == {"http://engine:9001"}


def test_services_share_networks_only_with_those_that_need_them() -> None:
    dashboards = {"dashboard-1", "dashboard-2"}
    members = members_of_networks()
    assert members["database"] == {"db", *dashboards}
    assert members["front"] == {"nginx", *dashboards}
    assert members["api"] == {"engine", *dashboards}
    assert members["cluster"] == {"engine", "ray-head", "ray-worker", "ray-gpu-worker"}
    assert {"db", "nginx"} & members["data"] == set()


def members_of_networks() -> dict[str, set[str]]:
    """The services in each network of the compose file."""
    services = compose()["services"].items()
    return {
        network: {name for name, service in services if network in service.get("networks", ())}
        for network in compose()["networks"]
    }


def test_the_network_policies_admit_only_these_ports() -> None:
    policies = {each["metadata"]["name"]: each["spec"] for each in manifests() if each["kind"] == "NetworkPolicy"}
    assert policies["nothing-by-default"] == {"podSelector": {}, "policyTypes": ["Ingress"]}
    admitted = {name: [rule.get("ports") for rule in spec.get("ingress", [])] for name, spec in policies.items()}
    assert admitted["dashboard"] == [[{"port": OUR_PORTS["dashboard"]}]]
    assert admitted["engine"] == [[{"port": OUR_PORTS["engine"]}]]
    assert admitted["ray"] == [None, [{"port": OUR_PORTS["ray client"]}]]  # None: only from the cluster itself


def test_no_file_contains_a_secret() -> None:
    values = [(each.where, name, value) for each in started() for name, value in each.environment.items()]
    secrets = [(where, name, value) for where, name, value in values if SECRET.search(name) and value is not None]
    assert len(secrets) > 5
    assert [each for each in secrets if not re.search(r"\$\{\w+:\?see example\.env\}", each[2])] == []
    for line in (DEPLOY / "example.env").read_text().splitlines():
        name, _, value = line.partition("=")
        if not line.startswith("#") and SECRET.search(name):
            assert re.fullmatch(r"<.+>", value), name
    (secret,) = [each for each in manifests() if each["kind"] == "Secret"]
    assert all("<" in value for value in secret["stringData"].values())


def test_every_variable_of_the_compose_file_is_in_the_example() -> None:
    used = set(re.findall(r"\$\{(\w+)", (DEPLOY / "compose.yaml").read_text()))
    given = set(re.findall(r"^(\w+)=", (DEPLOY / "example.env").read_text(), re.MULTILINE))
    assert used == given


@pytest.mark.parametrize("path", DOCKERFILES, ids=lambda path: path.name)
def test_images_are_pinned_and_run_as_an_ordinary_user(path: Path) -> None:
    steps = instructions(path.read_text())
    bases = [rest.split()[0] for name, rest in steps if name == "FROM"]
    assert set(bases) in ({"python:3.12.11-slim-bookworm"}, {"${WORKER}"})
    assert [rest for name, rest in steps if name == "USER"][-1] == "1000"
    assert [name for name, _ in steps].count("HEALTHCHECK") == 1


def test_containers_have_fixed_versions_and_no_privileges() -> None:
    for each in started():
        ours, _, version = each.image.partition(":")
        assert (ours in OURS) if not version or version == "local" else version != "latest", each.where
    for name, service in compose()["services"].items():
        if name not in {"s3-volume", "s3-bucket"}:  # they end before anything else begins
            assert service["cap_drop"] == ["ALL"], name
            assert service["security_opt"] == ["no-new-privileges:true"], name
    for name, container in pod_containers():
        assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}, (
            name
        )


def test_ray_has_one_version_and_asks_for_a_token() -> None:
    (cluster,) = [each for each in manifests() if each["kind"] == "RayCluster"]
    (pin,) = [pin for pin in read_pins(DEPLOY / "requirements.txt") if pin.name == "ray"]
    assert cluster["spec"]["rayVersion"] == pin.version
    assert cluster["spec"]["authOptions"] == {"mode": "token"}
    joining = [each for each in started() if uses_ray(each)]
    assert len(joining) >= 4
    assert {each.environment["RAY_AUTH_MODE"] for each in joining} == {"token"}
    assert all("RAY_AUTH_TOKEN" in each.environment for each in joining)


def test_nodes_of_ray_are_probed_at_ports_that_they_open() -> None:
    """Those of KubeRay ask HTTP servers, which Ray has with its extra `default` only: each pod would be ended."""
    (cluster,) = [each["spec"] for each in manifests() if each["kind"] == "RayCluster"]
    workers = cluster["workerGroupSpecs"]
    opened = [str(OUR_PORTS["ray"]), *(group["rayStartParams"]["node-manager-port"] for group in workers)]
    for port, group in zip(opened, [cluster["headGroupSpec"], *workers], strict=True):
        (container,) = group["template"]["spec"]["containers"]
        probed = [container[name]["tcpSocket"]["port"] for name in ("readinessProbe", "livenessProbe")]
        assert probed == [int(port)] * 2


def test_what_is_secret_stays_out_of_git_and_of_images() -> None:
    assert "/deploy/.env" in (ROOT / ".gitignore").read_text().splitlines()
    assert "deploy/.env" in (ROOT / ".dockerignore").read_text().splitlines()


def uses_ray(container: Started) -> bool:
    """Whether it needs the token from us; KubeRay gives it to its own pods."""
    is_of_compose = "/" not in container.where
    return "FRAMETALLY_CLUSTER" in container.environment or (is_of_compose and "worker" in container.image)


def text_files() -> list[Path]:
    return [*DOCKERFILES, *MANIFESTS, DEPLOY / "compose.yaml", DEPLOY / "example.env", DEPLOY / "nginx.conf"]
