"""Fixtures that several test folders share, and the options of the suite."""

from __future__ import annotations

import gc
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

from tests.support.memory_disk import GIB, MEMORY_DISK, memory_disk
from tests.support.scheduling import groups_of

pytest_plugins = [
    "tests.support.ports",  # these three first: others import them
    "tests.support.ledgers",
    "tests.support.dashboards",
    "tests.support.browser",
    "tests.support.clients",
    "tests.support.disks",
    "tests.support.engines",
    "tests.support.forked_runs",
    "tests.support.page_reports",
    "tests.support.postgresql",
    "tests.support.reading",
    "tests.support.shared_data",
    "tests.support.statements",
    "tests.support.video_files",
    "tests.support.videos",
]


@pytest.fixture(scope="session", autouse=True)
def emptied_memory(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remove what the tests wrote to memory, unless one has failed; then the next run removes it."""
    yield
    folder = tmp_path_factory.getbasetemp()
    if request.session.testsfailed == 0 and folder.is_relative_to(MEMORY_DISK):
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def without_component_scan() -> Iterator[None]:
    """Let no AppTest scan the installed packages for Streamlit components, as none has any.

    An AppTest also waits for the thread of the script, instead of asking every millisecond whether it has ended.
    """
    from streamlit.components.v2 import manifest_scanner  # imported only where a test opens a page
    from streamlit.testing.v1 import local_script_runner

    require_end = local_script_runner.require_widgets_deltas

    def joined(runner: local_script_runner.LocalScriptRunner, timeout: float = 3) -> None:
        if runner._script_thread:
            runner._script_thread.join(timeout)
        require_end(runner, 0 if not runner.script_stopped() else timeout)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", list)
        patch.setattr(local_script_runner, "require_widgets_deltas", joined)
        yield


SLOW = (
    "tests/access/test_actions",
    "tests/access/test_routes",
    "tests/access/test_visible_jobs",
    "tests/analysis/test_placement",
    "tests/analysis/test_totals",
    "tests/analysis/test_view_spec.py::test_any_view_round_trips",
    "tests/architecture/test_child_processes",
    "tests/architecture/test_forked_runs",
    "tests/architecture/test_imports",
    "tests/architecture/test_sizes",
    "tests/architecture/test_world_edges",
    "tests/backup/",
    "tests/cli/test_audit",
    "tests/cli/test_events",
    "tests/cli/test_labels",
    "tests/cli/test_main.py::test_python_m",
    "tests/client/test_slow_services",
    "tests/cluster/",
    "tests/components/header/test_left_pages",
    "tests/components/upload/test_video_uploader",
    "tests/contract/",
    "tests/demo/",
    "tests/engine/detectors/remote/",
    "tests/engine/detectors/selection/test_choice",
    "tests/engine/detectors/test_architectures",
    "tests/engine/detectors/test_detectors",
    "tests/engine/detectors/test_motion",
    "tests/engine/detectors/test_onnx_validation",
    "tests/engine/detectors/test_real_models",
    "tests/engine/detectors/test_reference_runs",
    "tests/engine/test_",
    "tests/fuzz/",
    "tests/jobs/test_actions",
    "tests/jobs/test_preflight",
    "tests/jobs/test_workflow",
    "tests/ledger/test_circuit_breaker",
    "tests/ledger/test_ledger",
    "tests/ledger/test_migrations",
    "tests/ledger/test_polling_floor",
    "tests/library/copies/",
    "tests/library/test_routes",
    "tests/network/doors/test_rate_limits",
    "tests/network/test_routes",
    "tests/notifications/rules/test_watch",
    "tests/notifications/test_notifier",
    "tests/packaging/",
    "tests/pages/",
    "tests/regions/test_background",
    "tests/regions/test_comparison",
    "tests/rendering/audits/test_routes",
    "tests/rendering/regions/",
    "tests/rendering/test_video_export",
    "tests/rendering/truth/test_routes",
    "tests/reports/blur/",
    "tests/reports/document/test_page",
    "tests/reports/shares/test_passwords",
    "tests/reports/test_pdf",
    "tests/results/test_archive",
    "tests/results/test_damage",
    "tests/results/test_fuzzing",
    "tests/results/test_json_stream",
    "tests/results/test_limits",
    "tests/results/test_raw_entry",
    "tests/results/test_spellings",
    "tests/storage/test_full_disk",
    "tests/test_old_data",
    "tests/tracking/test_demo",
    "tests/video/test_damage",
    "tests/video/test_decoding",
    "tests/video/test_displayed_frame",
    "tests/video/test_encoding_process",
    "tests/video/test_frame_identity",
    "tests/video/test_frame_index",
    "tests/video/test_frame_reader",
    "tests/video/test_remux",
    "tests/video/test_slice_ends",
)
"""Tests that start processes, or compute or wait for seconds: `make test-fast` leaves them out, and PostgreSQL."""

FIRST = (
    "tests/video/test_frame_reader",
    "tests/pages/test_faults",
    "tests/pages/test_analytics",
    "tests/engine/test_worker",
    "tests/engine/test_openapi",
    "tests/jobs/test_workflow",
)
"""Files that take the longest start first, after the groups of files, so that no process works alone at the end."""


def _place(nodeid: str, groups: dict[str, str]) -> tuple[int, str]:
    """The place of a test in the order of all; the tests of a group come one after the other."""
    group = groups[nodeid.partition("::")[0]]
    if not group.endswith(".py"):
        return 0, group
    return 1 if nodeid.startswith(FIRST) else 2, ""


ROOM_BYTES = 4 * GIB
"""More than twice what a run has on the disk at a time, with 2 GiB that a health check wants to be free."""


def pytest_configure(config: pytest.Config) -> None:
    """Write into memory if there is room, and draw the same examples in each run, except in the soak."""
    settings.register_profile("any speed", deadline=None)  # a busy machine takes longer than Hypothesis expects
    settings.register_profile("reproducible", settings.get_profile("any speed"), derandomize=True)
    settings.load_profile("any speed")
    if config.getoption("--soak") or "SOAK_FACTOR" in os.environ:
        return
    settings.load_profile("reproducible")
    # Else the examples depend on the constants in the modules that the process has imported, and all are searched.
    vars(providers)["_get_local_constants"] = lambda: providers._local_constants
    if (disk := memory_disk(ROOM_BYTES)) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(disk))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--soak", action="store_true", help="also run the tests marked soak: the long forms of other tests"
    )


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import the files and folders that `make test-fast` leaves out as a whole."""
    place = os.path.relpath(collection_path, config.rootpath)
    left_out = place.startswith(("tests/browser", "tests/crash", *(name.rstrip("/") for name in SLOW)))
    return True if left_out and "not slow" in config.option.markexpr else None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Let the garbage collector pass over what is imported and collected: a million objects that stay until the end.

    Afterwards it also runs less often; what it finds still fails a test, as do all warnings.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
        gc.set_threshold(50_000, 20, 100)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark tests by their path, and deselect those that only `make soak` runs."""
    for item in items:
        for name in ("browser", "crash"):
            if f"tests/{name}/" in item.nodeid:
                item.add_marker(name)
        if item.nodeid.startswith(SLOW) or "[postgresql" in item.nodeid:
            item.add_marker("slow")
    groups = groups_of(item.nodeid for item in items)
    items.sort(key=lambda item: _place(item.nodeid, groups))
    if not config.getoption("--soak"):
        left_out = [item for item in items if item.get_closest_marker("soak")]
        items[:] = [item for item in items if not item.get_closest_marker("soak")]
        config.hook.pytest_deselected(items=left_out)
