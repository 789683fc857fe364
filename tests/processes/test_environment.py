"""The environment of child processes."""

from __future__ import annotations

import os

from frametally.processes.environment import ROOT, child_environment

SECRETS = {
    "ROBOFLOW_API_KEY": "k",
    "FRAMETALLY_DATABASE_URL": "postgresql://u:p@h/db",
    "AWS_SECRET_ACCESS_KEY": "k",
    "STREAMLIT_SERVER_COOKIE_SECRET": "k",
    "PGPASSWORD": "k",
    "SSH_AUTH_SOCK": "/s",
}


def test_a_child_gets_no_setting_and_nothing_else_that_is_not_needed() -> None:
    needed = {"PATH": "/bin", "HOME": "/h", "LC_ALL": "C.UTF-8", "OMP_NUM_THREADS": "1", "TZ": "UTC"}
    given = child_environment(SECRETS | needed)
    assert given == needed | {"PYTHONPATH": str(ROOT)}


def test_proxies_go_to_children_that_use_the_network_only() -> None:
    proxy = {"HTTPS_PROXY": "http://user:password@proxy"}
    assert "HTTPS_PROXY" not in child_environment(proxy)
    assert child_environment(proxy, uses_network=True)["HTTPS_PROXY"] == proxy["HTTPS_PROXY"]


def test_the_settings_of_ray_and_storage_are_passed_to_the_process_that_joins_a_cluster_only() -> None:
    keys = {"RAY_AUTH_TOKEN": "the-token", "AWS_SECRET_ACCESS_KEY": "the-key"}
    assert child_environment(keys, uses_cluster=True).items() >= keys.items()
    assert not child_environment(keys, uses_network=True).keys() & keys


def test_the_import_path_is_extended() -> None:
    assert child_environment({"PYTHONPATH": "/a"})["PYTHONPATH"] == f"{ROOT}{os.pathsep}/a"
