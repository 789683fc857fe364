"""The files below deploy/, read into what tests ask of them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from tests.support.source_tree import ROOT

DEPLOY = ROOT / "deploy"
DOCKERFILES = sorted(DEPLOY.glob("*.Dockerfile"))
MANIFESTS = sorted(path for path in (DEPLOY / "kubernetes").glob("*.yaml") if path.name not in {"images.yaml"})


@dataclass(frozen=True)
class Started:
    """A container: its command, its environment, and where that was read."""

    where: str
    image: str
    command: tuple[str, ...]
    environment: dict[str, str | None]
    """None: the value comes from a secret or a config map."""


def instructions(text: str) -> list[tuple[str, str]]:
    """The instructions of a Dockerfile: (name, arguments), lines joined, comments left out."""
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in joined.splitlines() if line.strip())]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    return loaded


def manifests() -> list[dict[str, Any]]:
    return [each for path in MANIFESTS for each in yaml.safe_load_all(path.read_text())]


def started() -> list[Started]:
    """Every container of compose.yaml and of the manifests."""
    services = [_service(name, service) for name, service in compose()["services"].items()]
    return [*services, *(_container(*each) for each in pod_containers())]


def pod_containers() -> Iterator[tuple[str, dict[str, Any]]]:
    """(name of the resource, container) of all pods."""
    for manifest in manifests():
        name, spec = manifest["metadata"]["name"] if "metadata" in manifest else "", manifest.get("spec", {})
        templates = [spec.get("template"), *_ray_templates(spec)]
        for template in templates:
            for container in template["spec"]["containers"] if template else []:
                yield f"{name}/{container['name']}", container


def _ray_templates(spec: dict[str, Any]) -> list[dict[str, Any]]:
    groups = [spec.get("headGroupSpec"), *spec.get("workerGroupSpecs", [])]
    return [group["template"] for group in groups if group]


def _service(name: str, service: dict[str, Any]) -> Started:
    command = service.get("command", [])
    words = shlex.split(command) if isinstance(command, str) else command
    return Started(name, service["image"], tuple(words), dict(service.get("environment", {})))


def _container(name: str, container: dict[str, Any]) -> Started:
    environment = {each["name"]: each.get("value") for each in container.get("env", [])}
    return Started(name, container["image"], tuple(container.get("args", ())), environment)


def documented_settings() -> set[str]:
    """The names in the README's table of settings."""
    return set(re.findall(r"^\| `(\w+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
