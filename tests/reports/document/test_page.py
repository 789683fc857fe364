"""The HTML of a brief: what is in it, what it may do, and that names stay text."""

from __future__ import annotations

import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from frametally.analysis.view_spec import ViewSpec
from frametally.regions.shapes import Line, RegionSet
from frametally.reports.brief import Brief
from frametally.reports.document.page import Preview, self_contained, served
from frametally.reports.making import make_brief
from frametally.reports.request import BriefRequest
from frametally.reports.sources import BriefNote, BriefSources
from tests.support.briefs import HOSTILE, MADE_AT, brief_of, noise_video
from tests.support.opened_results import box, entry, opened


class Parsed(HTMLParser):
    """What a browser would make of the document."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Brief:
    """Every text that comes from outside is hostile."""
    folder = tmp_path_factory.mktemp("hostile")
    moved = [
        entry(*(box(name, 0.9, (40 + 20 * at, 30 + 12 * row, 20, 10)) for row, name in enumerate(HOSTILE)))
        for at in range(20)
    ]
    models: dict[str, Any] = {HOSTILE[0]: moved}
    results = opened(folder, **models)
    line = Line(id="a", name=HOSTILE[3], start=(0.3, 0), end=(0.3, 1))
    sources = BriefSources(
        results=results,
        video_name=HOSTILE[1],
        notes=tuple(BriefNote(entry=at, time_s=at / 5, text=text) for at, text in enumerate(HOSTILE[:20])),
        camera=HOSTILE[2],
        regions=RegionSet(camera=HOSTILE[2], size=(640, 360), lines=(line,)),
        service=HOSTILE[4],
    )
    request = BriefRequest(view=ViewSpec(job_ids=("job",)), question=HOSTILE[1] + HOSTILE[10], title=HOSTILE[2])
    return make_brief(sources, request, made_by=HOSTILE[0], made_at=MADE_AT)


def test_hostile_names_stay_text(hostile: Brief) -> None:
    html = self_contained(hostile).decode()
    found = Parsed(html)
    assert [tag for tag, _ in found.tags if tag == "script"] == ["script"] * 3
    assert not {"iframe", "object", "embed", "base", "form", "a", "b"} & {tag for tag, _ in found.tags}
    assert [attributes for tag, attributes in found.tags if tag == "link"] == [{"rel": "icon", "href": "data:,"}]
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    assert not [tag for tag, _ in found.tags if tag == "img"]
    texts = "".join(found.texts)
    assert all(name in texts for name in HOSTILE if "\0" not in name and "\u2028" not in name)
    assert "49" not in found.texts


def test_hostile_names_do_not_end_the_data(hostile: Brief) -> None:
    html = self_contained(hostile).decode()
    (data,) = re.findall(r'<script type="application/json" id="brief-data">(.*?)</script>', html, re.DOTALL)
    assert not set("<>&\u2028\u2029") & set(data)
    assert [row["name"] for row in json.loads(data)["sides"][0]["classes"]] == sorted(HOSTILE)
    names = [trace["name"] for trace in json.loads(data)["sides"][0]["charts"][0]["figure"]["data"]]
    assert not [name for name in names if set("<>&$") & set(name)]


def test_a_file_allows_only_itself_and_names_no_host_or_path(tmp_path: Path) -> None:
    video = noise_video(tmp_path / "noise.mp4", 3)
    brief = brief_of(opened(tmp_path, model=[entry(box("car"))] * 3), video=video)
    html = self_contained(brief).decode()
    (policy,) = [one["content"] or "" for tag, one in Parsed(html).tags if one.get("http-equiv")]
    assert policy.startswith("default-src 'none'")
    assert set(re.findall(r"'(\S+?)'|\b(data:)", policy)) <= {("none", ""), ("unsafe-inline", ""), ("", "data:")} | {
        (digest, "") for digest in re.findall(r"sha256-[\w+/=]+", policy)
    }
    ours = re.sub(r'(?s)<script type="text/plain".*?</script>|data:[\w/]+;base64,[\w+/=]+', "", html)
    assert not re.findall(r"https?:|//[a-z]+\.|localhost|127\.0\.0\.1", ours.replace("http-equiv", ""))
    assert str(tmp_path) not in html
    assert len(html) < 6_000_000


def test_a_served_page_is_small_and_loads_its_files_by_their_addresses(tmp_path: Path) -> None:
    brief = brief_of(opened(tmp_path, model=[entry(box("car"))] * 3), video=noise_video(tmp_path / "noise.mp4", 3))
    preview = Preview("A <title>", "Peak: 1", "https://tally.example.com/p.jpg")
    page = served(brief, plotly_url="../assets/plotly.js", file_url=lambda name: f"files/{name}", preview=preview)
    found = Parsed(page.html.decode())
    assert len(gzip.compress(page.html)) < 400_000
    assert {one["src"] for tag, one in found.tags if tag in ("img", "script") and "src" in one} == {
        "../assets/plotly.js",
        *(f"files/{file.name}" for file in brief.files),
    }
    assert {one["content"] for tag, one in found.tags if str(one.get("property", "")).startswith("og:t")} == {
        "A <title>",
        "article",
    }
    assert "data:" not in page.policy.replace("img-src 'self' data:", "")  # the icon, which browsers would ask for
    assert "http-equiv" not in page.html.decode()


def test_a_model_without_detections_does_not_get_the_numbers_of_the_other(tmp_path: Path) -> None:
    results = opened(tmp_path, nothing=[entry()] * 3, cars=[entry(box("car"))] * 3)
    html = self_contained(brief_of(results, view={"model": "nothing", "compare_with": "cars"})).decode()
    tags = [(tag, one["data-side"]) for tag, one in Parsed(html).tags if "data-side" in one]
    assert tags == [("dl", "1"), ("div", "0"), ("div", "1"), ("table", "1")]


def test_the_threshold_moves_only_if_all_counts_can_follow(tmp_path: Path) -> None:
    many = [entry(*(box(f"class {at % 130} {number}") for number in range(30))) for at in range(200)]
    results = opened(tmp_path, cars=[entry(box("car"))] * 200, many=many)
    for other, moves in ((None, True), ("many", False)):
        html = self_contained(brief_of(results, view={"model": "cars", "compare_with": other}, evidence=())).decode()
        assert ('id="threshold"' in html) == moves


def test_a_class_is_drawn_if_one_of_the_models_often_finds_it(tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(9)]
    often = [entry(*(box(name) for name in names[: 9 - at])) for at in range(9)]
    results = opened(tmp_path, few=[entry(box("c8"))] * 9, often=often)
    for models in (("few", "often"), ("often", "few")):
        html = self_contained(brief_of(results, view={"model": models[0], "compare_with": models[1]})).decode()
        buttons = [one for tag, one in Parsed(html).tags if tag == "button" and "data-class" in one]
        assert {one["data-class"] for one in buttons if one["aria-pressed"] == "false"} == {"c5", "c6", "c7"}
