"""Which tests one process runs together: those of a file, or of files that share a browser or a database server."""

from __future__ import annotations

from collections.abc import Iterable

POSTGRESQL = "PostgreSQL"
"""Each process would start a server of its own."""
_FORKED = ("tests/access/test_routes.py", "tests/access/test_visible_jobs.py", "tests/network/test_routes.py")
"""They fork the dashboard, like the crash tests, which need PostgreSQL: it is imported once for all."""
_BROWSERS = {
    "a dashboard for all": (
        "tests/browser/test_accessibility.py",
        "tests/browser/test_audit.py",
        "tests/browser/test_chart_click.py",
        "tests/browser/test_doors.py",
        "tests/browser/test_brief.py",
        "tests/browser/test_job_list.py",
        "tests/browser/test_main_job.py",
        "tests/browser/test_navigation.py",
        "tests/browser/test_notifications.py",
        "tests/browser/test_player.py",
        "tests/browser/test_sign_in.py",
        "tests/browser/test_timeline.py",
        "tests/browser/test_truth.py",
        "tests/rendering/test_video_export.py",
    ),
    "a dashboard of each file": (
        "tests/browser/",
        "tests/components/upload/",
        "tests/packaging/test_installed_dashboard.py",
    ),
}
"""Each process would start a Chromium, and compile the scripts of the dashboard."""


def group_of(file: str, nodeids: Iterable[str]) -> str:
    """The name of the group of a file with these tests; the file itself if it has none."""
    for name, prefixes in _BROWSERS.items():
        if file.startswith(prefixes):
            return name
    if file.startswith(_FORKED):
        return POSTGRESQL
    return POSTGRESQL if any("[postgresql" in nodeid for nodeid in nodeids) else file


def groups_of(nodeids: Iterable[str]) -> dict[str, str]:
    """The group of each file with these tests."""
    tests: dict[str, list[str]] = {}
    for nodeid in nodeids:
        tests.setdefault(nodeid.partition("::")[0], []).append(nodeid)
    return {file: group_of(file, of_file) for file, of_file in tests.items()}
