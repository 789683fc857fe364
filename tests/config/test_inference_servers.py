"""How a model is given to an inference server, and what a wrong setting says."""

from __future__ import annotations

import pytest

from frametally.config.inference_servers import KEY_SETTING, NO_SERVERS, SERVERS_SETTING, ModelServers
from frametally.config.settings import Settings
from frametally.contract import ModelInfo
from frametally.errors import SettingsError

SECRET = "rf_S3cret"
BOX, GPU = "http://127.0.0.1:9001", "https://gpu-box:9443/inference"
TEXT = f"my-model/3={BOX}, my-seg/2:instance-segmentation = {GPU}/ ,\n gaze/*={GPU}, team-*/*={BOX},my-model/*={GPU},"


def read(text: str, key: str = "") -> ModelServers:
    return ModelServers.read({SERVERS_SETTING: text, KEY_SETTING: key})


def server_of(servers: ModelServers, name: str) -> str | None:
    model_id, _, version = name.partition("/")
    found = servers.find(model_id, version)
    return found.url if found else None


@pytest.mark.parametrize("empty", ["", "  ", ",", "\n, ,"])
def test_without_the_setting_no_server_runs_anything(empty: str) -> None:
    assert read(empty) == NO_SERVERS
    assert Settings.read({SERVERS_SETTING: empty}).model_servers == NO_SERVERS
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
def test_the_part_that_names_a_model_counts_before_one_that_only_fits(name: str, url: str | None) -> None:
    assert server_of(read(TEXT), name) == url
    assert server_of(read(",".join(reversed(TEXT.split(",")))), name) == url


def test_the_first_of_two_parts_that_fit_counts() -> None:
    assert server_of(read(f"a/1={BOX},a/1={GPU}"), "a/1") == BOX
    assert server_of(read(f"*/1={BOX},a/*={GPU}"), "a/1") == BOX
    assert server_of(read(f"*/*={GPU}"), "anything/7") == GPU


def test_models_that_are_named_can_be_listed() -> None:
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


def test_the_settings_reach_another_process_as_they_are() -> None:
    servers = read(TEXT, SECRET)
    assert ModelServers.read(servers.settings()) == servers
    assert ModelServers.read(NO_SERVERS.settings()) == NO_SERVERS
    assert SECRET not in repr(servers)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("my-model=http://h", "cannot be read at its part 1."),
        ("a/1=http://h, b", "cannot be read at its part 2."),
        ("a/1=http://h,,a/b/c=http://h", "cannot be read at its part 2."),
        ("../1=http://h", "cannot be read at its part 1."),
        ("{'a/1': 'http://h'}", "cannot be read at its part 1."),
        (f"https://user:{SECRET}@h/1=http://h", "cannot be read at its part 1."),
        ("a/1:dancing=http://h", "gives a/1 an unknown type. It is one of object-detection, "),
        ("a/1:=http://h", "gives a/1 an unknown type."),
        ("a/1", ": a/1 has no address that is one."),
        ("a/1=", ": a/1 has no address that is one."),
        ("a/1=h:9001", ": a/1 has no address that is one."),
        (f"a/1=http://user:{SECRET}@h", ": a/1 has no address that is one."),
        (f"a/1=http://h?api_key={SECRET}", ": a/1 has no address that is one."),
    ],
)
def test_a_part_that_cannot_be_read_is_named_and_not_repeated(text: str, what: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.read({SERVERS_SETTING: text})
    assert str(caught.value).startswith(SERVERS_SETTING)
    assert what in str(caught.value)
    assert SECRET not in str(caught.value)
