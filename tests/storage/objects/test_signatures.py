"""The S3 server of the tests refuses what is not signed: moto itself takes everything."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import requests

from frametally.storage.objects.waiting import ONCE
from tests.support.object_storage import BUCKET, ObjectStorage, object_storage


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture(scope="module")
def store(storage: ObjectStorage) -> Any:
    keys = {name.lower(): text for name, text in storage.keys.items() if name != "AWS_ALLOW_HTTP"}
    return ONCE.store(f"s3://{BUCKET}/signed", keys, {"allow_http": True})


def test_a_request_that_is_not_signed_is_refused(storage: ObjectStorage) -> None:
    address = f"{storage.keys['AWS_ENDPOINT_URL']}/{BUCKET}/signed/a"
    assert requests.put(address, data=b"1", timeout=20).status_code == 403
    assert requests.get(address, timeout=20).status_code == 403
    assert storage.client().list_objects_v2(Bucket=BUCKET).get("Contents", []) == []


@pytest.mark.parametrize("forged", ["signature", "date", "body", "path", "query"])
def test_a_request_that_was_changed_on_its_way_is_refused(storage: ObjectStorage, forged: str) -> None:
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    address = f"{storage.keys['AWS_ENDPOINT_URL']}/{BUCKET}/signed/b"
    key, secret = storage.keys["AWS_ACCESS_KEY_ID"], storage.keys["AWS_SECRET_ACCESS_KEY"]
    request = AWSRequest("PUT", address, data=b"content")
    S3SigV4Auth(Credentials(key, secret), "s3", storage.keys["AWS_REGION"]).add_auth(request)
    headers = dict(request.headers.items())
    assert requests.put(address, data=b"content", headers=headers, timeout=20).status_code == 200
    body = b"another" if forged == "body" else b"content"
    address += {"path": "c", "query": "?tagging"}.get(forged, "")
    if forged == "signature":
        headers["Authorization"] = headers["Authorization"][:-1] + "-"
    elif forged == "date":
        headers["X-Amz-Date"] = "20200101T000000Z"
    assert requests.put(address, data=body, headers=headers, timeout=20).status_code == 403


def test_a_link_is_valid_as_it_was_signed(storage: ObjectStorage, store: Any) -> None:
    import obstore

    put = obstore.sign(store, "PUT", "link", timedelta(minutes=5))
    assert requests.put(put, data=b"1", timeout=20).status_code == 200
    link = obstore.sign(store, "GET", "link", timedelta(minutes=5))
    assert requests.get(link, timeout=20).content == b"1"
    for forged in (link.replace("/link?", "/other?"), link.replace("Expires=300", "Expires=900"), link[:-1] + "-"):
        assert forged != link
        assert requests.get(forged, timeout=20).status_code == 403
    assert requests.delete(link, timeout=20).status_code == 403
    ended = obstore.sign(store, "GET", "link", timedelta(seconds=0))
    assert requests.get(ended, timeout=20).status_code == 403
