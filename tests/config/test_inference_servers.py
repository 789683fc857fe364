"""Which inference server runs a model, and errors of the setting."""

from __future__ import annotations

import pytest

from frametally.config.inference_servers import KEY_SETTING, NO_SERVERS, SERVERS_SETTING, InferenceServers
from frametally.config.settings import Settings
from frametally.contract import ModelInfo
from frametally.errors import SettingsError

SECRET = "rf_S3cret"
BOX, GPU = "http://127.0.0.1:9001", "https://gpu-box:9443/inference"
TEXT = f"my-model/3={BOX}, my-seg/2:instance-segmentation = {GPU}/ ,\n gaze/*={GPU}, team-*/*={BOX},my-model/*={GPU},"


def read(text: str, key: str = "") -> InferenceServers:
    return Settings.read({SERVERS_SETTING: text, KEY_SETTING: key}).inference_servers


def server_of(servers: InferenceServers, name: str) -> str | None:
    model_id, _, version = name.partition("/")
    found = servers.find(model_id, version)
    return found.url if found else None


@pytest.mark.parametrize("empty", ["", "  ", ",", "\n, ,"])
def test_an_empty_setting_has_no_servers(empty: str) -> None:
    assert read(empty) == NO_SERVERS
    assert (NO_SERVERS.find("a", "1"), NO_SERVERS.models()) == (None, [])


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("my-model/3", BOX),
        ("my-model/4", GPU),
        ("my-seg/2", GPU),
        ("my-seg/22", None),
        ("gaze/1", GPU),
        ("team-a/x", BOX),
        ("team/1", None),
        ("MY-MODEL/3", None),
    ],
)
def test_an_entry_that_names_a_model_takes_precedence_over_a_pattern(name: str, url: str | None) -> None:
    assert server_of(read(TEXT), name) == url
    assert server_of(read(",".join(reversed(TEXT.split(",")))), name) == url


def test_the_first_of_two_matching_entries_is_used() -> None:
    assert server_of(read(f"a/1={BOX},a/1={GPU}"), "a/1") == BOX
    assert server_of(read(f"*/1={BOX},a/*={GPU}"), "a/1") == BOX
    assert server_of(read(f"*/*={GPU}"), "anything/7") == GPU


def test_models_named_by_entries_are_listed() -> None:
    assert read(TEXT).models() == [
        ModelInfo("my-model", "3", "object-detection", []),
        ModelInfo("my-seg", "2", "instance-segmentation", []),
        ModelInfo("gaze", "1", "gaze-detection", []),
    ]
    listed = read(f"clip/*={BOX}, clip/ViT-B-32={GPU}, a/1:classification={BOX}, a/1={GPU}").models()
    assert [(model.model_id, model.model_version, model.inference_type) for model in listed] == [
        ("clip", "1", "clip-embed-image"),
        ("clip", "ViT-B-32", "clip-embed-image"),
        ("a", "1", "classification"),
    ]


def test_the_servers_pass_through_the_environment_of_a_child_process() -> None:
    servers = read(TEXT, SECRET)
    assert InferenceServers.from_environment(servers.to_environment()) == servers
    assert InferenceServers.from_environment(NO_SERVERS.to_environment()) == NO_SERVERS
    assert SECRET not in repr(servers)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("my-model=http://h", "entry 1 does not name a model"),
        ("a/1=http://h, b", "entry 2 does not name a model"),
        ("a/1=http://h,,a/b/c=http://h", "entry 2 does not name a model"),
        ("../1=http://h", "entry 1 does not name a model"),
        ("{'a/1': 'http://h'}", "entry 1 does not name a model"),
        (f"https://user:{SECRET}@h/1=http://h", "entry 1 does not name a model"),
        ("a/1:dancing=http://h", "a known type for a/1: object-detection, "),
        ("a/1:=http://h", "a known type for a/1"),
        ("a/1", "a/1 has no valid URL"),
        ("a/1=", "a/1 has no valid URL"),
        ("a/1=h:9001", "a/1 has no valid URL"),
        (f"a/1=http://user:{SECRET}@h", "a/1 has no valid URL"),
        (f"a/1=http://h?api_key={SECRET}", "a/1 has no valid URL"),
    ],
)
def test_an_invalid_entry_is_numbered_and_not_quoted(text: str, what: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read({SERVERS_SETTING: text})
    assert str(caught.value).startswith(SERVERS_SETTING)
    assert what in str(caught.value)
    assert SECRET not in str(caught.value)
