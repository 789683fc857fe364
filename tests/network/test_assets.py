"""Static files: addresses by content, compressed where the client accepts it."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from starlette.applications import Starlette

from frametally.network.assets import AssetBundle, asset_routes
from frametally.network.routes import starlette_routes
from tests.support.serving import answering


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "code.js"
    path.write_text("export const one = 1;\n" * 100)
    return path


@contextmanager
def serving(bundle: AssetBundle) -> Iterator[str]:
    with answering(Starlette(routes=starlette_routes(asset_routes(bundle))), lifespan=False) as port:
        yield f"http://127.0.0.1:{port}"


def test_a_file_is_sent_compressed_and_kept_for_a_year(file: Path) -> None:
    bundle = AssetBundle({"parts/code.js": file})
    with serving(bundle) as url:
        response = requests.get(url + bundle.url("parts/code.js"), timeout=10)
        assert response.text == file.read_text()
        assert response.headers["content-encoding"] == "gzip"
        assert response.headers["content-type"].startswith("text/javascript")
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        plain = requests.get(url + bundle.url("parts/code.js"), headers={"Accept-Encoding": "identity"}, timeout=10)
        assert (plain.text, plain.headers.get("content-encoding")) == (file.read_text(), None)


def test_a_further_attempt_has_another_address(file: Path) -> None:
    bundle = AssetBundle({"code.js": file})
    with serving(bundle) as url:
        again = requests.get(url + bundle.url("code.js").replace("/code", "-2/code"), timeout=10)
    assert again.text == file.read_text()


def test_other_names_and_versions_do_not_exist(file: Path) -> None:
    bundle = AssetBundle({"code.js": file})
    address = bundle.url("code.js")
    with serving(bundle) as url:
        for other in (bundle.url("parts/code.js"), bundle.url("other.js"), address.replace(bundle.digest, "0")):
            assert requests.get(url + other, timeout=10).status_code == 404


def test_the_address_changes_with_the_content(file: Path) -> None:
    before = AssetBundle({"code.js": file})
    assert before.digest == AssetBundle({"code.js": file}).digest
    file.write_text("export const two = 2;\n")
    assert AssetBundle({"code.js": file}).digest != before.digest
    assert AssetBundle({"other.js": file}).digest != AssetBundle({"code.js": file}).digest


def test_a_file_is_compressed_once(file: Path) -> None:
    bundle = AssetBundle({"code.js": file})
    first = bundle.read("code.js", compressed=True)
    assert bundle.read("code.js", compressed=True) is first
    assert gzip.decompress(first) == file.read_bytes()
