"""With the default settings, nothing of Ray or of the cluster is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from frametally.config.settings import Settings
from frametally.engine.server import Engine
from frametally.errors import SettingsError
from frametally.network.routes import api_key_check
from frametally.processes.environment import child_environment
from tests.support.source_tree import imports_of, own_imports, syntax_trees, within


def test_the_engine_and_its_worker_import_nothing_of_a_cluster() -> None:
    """In a process of its own: other tests import these modules."""
    code = (
        "import sys; import frametally.cli.engine, frametally.engine.worker;"
        "print([name for name in sys.modules if name.split('.')[0] == 'ray' or 'frametally.cluster' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code], env=child_environment({}), capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr


def test_only_the_worker_process_of_a_cluster_imports_ray() -> None:
    trees = syntax_trees().items()
    imported = {module: imports_of(tree, module, is_package=False) for module, tree in trees}
    importing = {module for module, names in imported.items() if any(within(name, "ray") for name in names)}
    assert importing == {"frametally.cluster.worker", "frametally.cluster.ray_nodes"}
    using = {module for module, name in own_imports("frametally", "components") if within(name, "frametally.cluster")}
    assert [module for module in using if not within(module, "frametally.cluster")] == []


def test_a_cluster_without_ray_is_refused_at_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    options: dict[str, Any] = {"folder": tmp_path, "models_dir": tmp_path, "link_secret": "s", "max_video_bytes": 1}
    with pytest.raises(SettingsError, match=r"needs the package ray.*frametally\[cluster\]"):
        Engine(**options, check=api_key_check("key"), cluster="auto")


@pytest.mark.parametrize("cluster", [None, "auto"])
def test_only_the_worker_of_a_cluster_is_given_the_object_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cluster: str | None
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: "found")
    given: list[dict[str, str]] = []

    def noted(_spool: object, _command: object, secrets: dict[str, str], **_: object) -> None:
        given.append(secrets)

    monkeypatch.setattr("frametally.engine.server.Supervisor", noted)
    options: dict[str, Any] = {"folder": tmp_path, "models_dir": tmp_path, "link_secret": "s", "max_video_bytes": 1}
    storage: dict[str, Any] = {"storage_url": "s3://bucket/prefix", "storage_keys": {"AWS_SECRET_ACCESS_KEY": "key"}}
    Engine(**options, **storage, check=api_key_check("key"), cluster=cluster)
    assert ("AWS_SECRET_ACCESS_KEY" in given[0], "s3://bucket/prefix" in given[0].values()) == (bool(cluster),) * 2


@pytest.mark.parametrize("address", ["http://head:1", "head", "ray://head", "auto:1 --x"])
def test_an_address_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(SettingsError, match="FRAMETALLY_CLUSTER"):
        Settings.read({"FRAMETALLY_CLUSTER": address})
