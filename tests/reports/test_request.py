"""The storable settings of a brief."""

from __future__ import annotations

import pytest

from frametally.analysis.view_spec import ViewSpec
from frametally.errors import ViewError
from frametally.reports.request import BriefRequest, Evidence

VIEW = ViewSpec(job_ids=("job",), shown=("car",), time_range_s=(1.0, 2.0))


def test_settings_are_read_as_they_were_written() -> None:
    request = BriefRequest(
        view=VIEW, title="T", evidence=(Evidence.NOTES,), every_s=3, blurred=("face",), has_clips=True
    )
    assert BriefRequest.from_json(request.to_json()) == request


@pytest.mark.parametrize(
    "content", [b"", b"{}", b'{"version":1}', b'{"version":2,"view":{}}', b'{"version":1,"other":0}']
)
def test_other_content_is_refused(content: bytes) -> None:
    with pytest.raises(ViewError):
        BriefRequest.from_json(content)


@pytest.mark.parametrize(
    "values", [{"every_s": 0}, {"every_s": float("nan")}, {"title": "x" * 201}, {"question": "x" * 2001}]
)
def test_values_out_of_range_are_refused(values: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"interval|title|question"):
        BriefRequest(view=VIEW, **values)  # type: ignore[arg-type]
