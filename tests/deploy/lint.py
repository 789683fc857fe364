"""Check the files of deploy/ with hadolint, yamllint, and the schemas of Compose and Kubernetes: `make lint-deploy`.

Where kubectl and nginx are installed, they check the kustomization and nginx.conf, too. The resource RayCluster has no
schema in a package: of it, only the pods are checked.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"
KUBERNETES = "1.37"
RULES = (
    "{extends: default, rules: {line-length: {max: 140}, document-start: disable, "
    "braces: {max-spaces-inside: 0}, comments: {min-spaces-from-content: 1}}}"
)


def main() -> int:
    """Print what is wrong; returns the exit code."""
    faults = [*_programs(), *_compose(), *_kubernetes()]
    print(*faults, sep="\n")
    print(f"{len(faults)} faults in {DEPLOY}")
    return bool(faults)


def _programs() -> Iterator[str]:
    for path in sorted(DEPLOY.glob("*.Dockerfile")):
        yield from _run("hadolint", str(path))
    yield from _run("yamllint", "--strict", "--config-data", RULES, str(DEPLOY))
    if nginx := shutil.which("nginx"):
        text = (DEPLOY / "nginx.conf").read_text()
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as config:
            config.write(text.replace("dashboard-1:", "127.0.0.1:").replace("dashboard-2:", "127.0.0.2:"))
            config.flush()
            yield from _run(nginx, "-q", "-t", "-c", config.name)


def _run(*command: str) -> Iterator[str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"{command[0]}: {done.stdout}{done.stderr}".strip()


def _compose() -> Iterator[str]:
    from compose_spec import ComposeSpecification  # type: ignore[import-not-found]

    loaded = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    try:
        model = ComposeSpecification.model_validate(loaded)
    except ValueError as error:
        yield f"compose.yaml: {error}"
        return
    for name, service in loaded["services"].items():  # the schema's model leaves out what it does not know
        known = model.services[name].model_dump(by_alias=True, exclude_unset=True)
        for key in service.keys() - known.keys():
            yield f"compose.yaml: {name}: unknown key {key}"


def _kubernetes() -> Iterator[str]:
    from kubernetes_validate import ValidationError, validate  # type: ignore[import-not-found]

    for where, resource in _resources():
        try:
            validate(resource, KUBERNETES, strict=True)
        except ValidationError as error:
            yield f"{where}: {error.message}"


def _resources() -> Iterator[tuple[str, Any]]:
    if kubectl := shutil.which("kubectl"):
        text = subprocess.run(
            [kubectl, "kustomize", str(DEPLOY / "kubernetes")], stdout=subprocess.PIPE, check=True
        ).stdout
    else:
        text = b"\n---\n".join(path.read_bytes() for path in sorted((DEPLOY / "kubernetes").glob("*.yaml")))
    secret = (DEPLOY / "kubernetes" / "secret.example.yaml").read_text()
    for resource in [*yaml.safe_load_all(text), yaml.safe_load(secret)]:
        if resource.get("kind") == "RayCluster":
            yield from _pods_of(resource)
        elif "metadata" in resource:  # else a file for kustomize
            yield resource["metadata"]["name"], resource


def _pods_of(cluster: Any) -> Iterator[tuple[str, Any]]:
    for group in [cluster["spec"]["headGroupSpec"], *cluster["spec"]["workerGroupSpecs"]]:
        name = group.get("groupName", "head")
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": group["template"]["spec"]}
        yield f"RayCluster, {name}", pod


if __name__ == "__main__":
    sys.exit(main())
