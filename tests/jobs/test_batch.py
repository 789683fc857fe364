"""Batches: from a list of URLs, a CSV or files to jobs, with the reason for every skipped line."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from frametally.errors import JobError
from frametally.job import EMBEDDED, Job, ModelChoice, RunRequest
from frametally.jobs.batch import (
    MAX_LINES,
    batch_jobs,
    check_lines,
    convertible_files,
    read_batch,
    refused_files,
    start_batch,
)
from frametally.jobs.preflight import Preflight
from frametally.ledger.ledger import Ledger
from frametally.ledger.search import JobQuery, find
from frametally.ledger.tags import all_tags
from frametally.library.library import Library
from frametally.storage.space import DISK_RESERVE_BYTES
from tests.support.ledgers import START
from tests.support.people import admin
from tests.support.video_files import write_video

MODELS = (ModelChoice(model_id="motion", version="1"),)
REQUEST = RunRequest(service="https://a", key_id="k", models=MODELS, infer_fps=5.0)


def jobs_of(text: str) -> list[Job]:
    return batch_jobs(read_batch(text), [], REQUEST, START, actor=admin("ada"))


def test_each_line_is_a_video_and_empty_lines_are_skipped() -> None:
    lines = read_batch("\ufeffhttps://host/a%20b.mp4\r\n\r\n  https://host/x,y.mp4?token=1  \n")
    assert [(line.number, line.url, line.name, line.error) for line in lines] == [
        (1, "https://host/a%20b.mp4", "a b.mp4", ""),
        (3, "https://host/x,y.mp4?token=1", "x,y.mp4", ""),
    ]


def test_a_csv_names_its_columns_in_any_order() -> None:
    text = 'Name,note,"URL",other\n"Dock, north",wet,https://host/1.mp4,x\n,,https://host/2.mp4\n,,,\n'
    lines = read_batch(text)
    assert [(line.number, line.url, line.name, line.notes) for line in lines] == [
        (2, "https://host/1.mp4", "Dock, north", "wet"),
        (3, "https://host/2.mp4", "2.mp4", ""),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ftp://host/v.mp4", "not an http or https URL"),
        ("video.mp4", "not an http or https URL"),
        ("https://user:pw@host/v.mp4", "user name"),
        ("https://host/v.mp4\nhttps://host/v.mp4", "Same URL as in line 1"),
        ("name,url\nfilm", "not an http or https URL"),
    ],
)
def test_a_skipped_line_has_a_reason(text: str, why: str) -> None:
    assert why in read_batch(text)[-1].error


def test_empty_input_gives_no_lines_and_too_many_lines_are_refused() -> None:
    assert read_batch(" \n\n") == read_batch("") == read_batch("url,name\n") == []
    with pytest.raises(JobError, match="at most 1,000 lines; this one has 1,001"):
        read_batch("https://host/v.mp4\n" * (MAX_LINES + 1))


def test_a_batch_keeps_its_order_in_the_list_and_in_the_queue(ledger: Ledger) -> None:
    names = [f"{number}.mp4" for number in range(30)]
    start_batch(ledger, jobs_of("\n".join(f"https://host/{name}" for name in names)), "batch", actor=None)
    assert [job.video_name for job in ledger.jobs()] == names
    assert [job.video_name for job in find(ledger, JobQuery(), limit=100)] == names
    due = ledger.due(START + timedelta(seconds=1), [("https://a", "k")])
    assert [job.video_name for job in due] == names


def test_a_batch_sends_the_encoded_url_and_shows_the_decoded_name() -> None:
    first, second = read_batch("http://h/vidéo/café.mp4\nhttp://h/vid%C3%A9o/caf%C3%A9.mp4")
    assert (first.url, first.name) == ("http://h/vid%C3%A9o/caf%C3%A9.mp4", "café.mp4")
    assert second.error == "Same URL as in line 1."


def test_files_that_conversion_to_mp4_fixes_are_named(tmp_path: Path) -> None:
    for name in ("a.mov", "b.ts", "c.mp4"):
        write_video(tmp_path / name, frames=12 + ord(name[0]) % 10, fps=10)
    library = Library(tmp_path / "media", max_video_bytes=1 << 30)
    files = [library.add(tmp_path / name, actor=None) for name in ("a.mov", "b.ts", "c.mp4")]
    preflight = Preflight(request=REQUEST, now=START)
    assert [kept.file_name for kept in convertible_files(files, preflight)] == ["a.mov", "b.ts"]
    assert set(refused_files(files, preflight)) == {kept.sha256 for kept in files[:2]}


def test_valid_lines_and_files_become_jobs_with_one_tag(ledger: Ledger, small_video: Path, tmp_path: Path) -> None:
    kept = Library(tmp_path / "media", max_video_bytes=1 << 30).add(small_video, actor=None)
    lines = read_batch("https://host/1.mp4\nnonsense\nhttps://host/2.mp4")
    jobs = batch_jobs(lines, [kept], REQUEST, START, actor=admin("ada"))
    start_batch(ledger, jobs, " night  shift ", actor=None)
    assert sorted(ledger.jobs(), key=lambda job: job.video_name) == sorted(jobs, key=lambda job: job.video_name)
    assert [(job.video_url, job.video_sha256, job.frames) for job in jobs] == [
        ("https://host/1.mp4", None, None),
        ("https://host/2.mp4", None, None),
        (None, kept.sha256, 20),
    ]
    assert all_tags(ledger) == {job.id: ["night shift"] for job in jobs}
    (created,) = ledger.history(jobs[0].id)
    assert ("batch of 3" in created.cause, created.actor, jobs[0].owner) == (True, "ada", "ada")


def test_a_batch_with_an_invalid_tag_creates_no_job(ledger: Ledger) -> None:
    with pytest.raises(JobError, match="1 to 60 characters"):
        start_batch(ledger, jobs_of("https://host/1.mp4"), "", actor=None)
    assert ledger.jobs() == []


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_csv_may_use_any_line_ending(end: str) -> None:
    lines = read_batch(end.join(["url,name", "https://host/1.mp4,north", "https://host/2.mp4,south", ""]))
    assert [(line.number, line.url, line.name) for line in lines] == [
        (2, "https://host/1.mp4", "north"),
        (3, "https://host/2.mp4", "south"),
    ]


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_csv_may_use_a_comma_a_semicolon_or_a_tab(sign: str) -> None:
    text = "note;url\nMonday;https://host/1.mp4\n;https://host/2.mp4\n".replace(";", sign)
    assert [(line.url, line.notes, line.error) for line in read_batch(text)] == [
        ("https://host/1.mp4", "Monday", ""),
        ("https://host/2.mp4", "", ""),
    ]


@pytest.mark.parametrize("size", [10, 200_000])
def test_an_unclosed_quotation_mark_is_an_error(size: int) -> None:
    text = 'url,note\nhttps://host/1.mp4,fine\nhttps://host/2.mp4,"open\n' + "https://host/3.mp4,x\n" * (size // 20 + 1)
    with pytest.raises(JobError, match="line 3"):
        read_batch(text)


@pytest.mark.parametrize(
    "line", ["https://host/x.mp4;Monday", "https://host/x.MKV,Monday", "https://host/x.mp4\tMonday"]
)
def test_columns_without_a_header_are_not_read_as_a_url(line: str) -> None:
    (read,) = read_batch(line)
    assert "Add a header line" in read.error


def test_a_comma_in_the_query_of_a_url_is_part_of_it() -> None:
    assert read_batch("https://host/x.mp4?of=b.mp4,c;d")[0].error == ""


def test_an_expired_link_is_skipped_and_one_that_expires_soon_has_a_warning() -> None:
    signed = "https://host/{}.mp4?X-Amz-Date=20260301T{}Z&X-Amz-Expires=3600&X-Amz-Signature=s3cret"
    given = "\n".join([signed.format("ended", "090000"), signed.format("soon", "120000"), "https://host/x.mp4", "bad"])
    lines = check_lines(read_batch(given), Preflight(request=REQUEST, now=START))
    assert [(line.number, line.error[:38], line.warning[:38]) for line in lines] == [
        (1, "The link to the video expired at 2026-", ""),
        (2, "", "The link to the video expires in 1 h 0"),
        (3, "", ""),
        (4, "The video URL is not an http or https ", ""),
    ]
    assert "s3cret" not in "".join(line.error + line.warning for line in lines)


def test_files_share_the_free_disk_space(small_video: Path, tmp_path: Path) -> None:
    library = Library(tmp_path / "media", max_video_bytes=1 << 30)
    write_video(tmp_path / "slow.mp4", frames=8, fps=2)
    write_video(tmp_path / "other.mp4", frames=41, fps=10)
    kept = [library.add(path, actor=None) for path in (small_video, tmp_path / "slow.mp4", tmp_path / "other.mp4")]
    room = DISK_RESERVE_BYTES + kept[0].info.size_bytes + kept[2].info.size_bytes
    request = replace(REQUEST, service=EMBEDDED)
    preflight = Preflight(request=request, now=START, free_bytes=room)
    assert list(refused_files(kept, preflight)) == [kept[1].sha256]
    refused = refused_files(kept, replace(preflight, free_bytes=room - 1))
    assert list(refused) == [kept[1].sha256, kept[2].sha256]
    assert "disk is nearly full" in refused[kept[2].sha256]
