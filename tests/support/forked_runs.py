"""Tests in several processes, which are forked from one that has imported and collected them: `--processes 3`.

To import and collect them takes seven seconds of processor time, which separate processes would all spend. A process
runs the groups of files that it is given one after the other, and sends the reports.
"""

from __future__ import annotations

import gc
import os
import sys
import traceback
import warnings
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, NoReturn, TypeAlias

import pytest
from _pytest.unraisableexception import collect_unraisable

from tests.support.forks import imports_of_the_app
from tests.support.scheduling import groups_of

FOLDER = "process-{}"
"""Where a process writes, in the folder of all."""
MANY_PAGES = 100
ENDED = 64
"""Exit code of a process that has run what it was given; also 0 means that a test has ended it."""
_End: TypeAlias = "Connection[Any, Any]"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--processes", type=int, default=1, help="run the tests in so many processes")


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    count = int(session.config.getoption("--processes"))
    if count < 2 or session.config.option.collectonly or session.testsfailed:
        return None
    _import_for_pages(session)
    with _Processes(session) as processes:
        processes.run(count)
    if processes.unfinished and not session.shouldfail:
        session.shouldfail = f"{processes.unfinished} tests have not run to their end"
    if session.shouldfail:
        raise session.Failed(session.shouldfail)
    return True


def _import_for_pages(session: pytest.Session) -> None:
    """Import what only a running page imports, if each process will run pages."""
    if sum(item.nodeid.startswith("tests/pages/") for item in session.items) > MANY_PAGES:
        for name in (*imports_of_the_app(), "pyarrow.dataset"):
            import_module(name)
        gc.freeze()


@dataclass
class _Process:
    pid: int
    nodeid: str = ""
    """The test that it runs."""

    def code(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


class _Processes:
    """The processes, and the groups of tests that none of them has been given yet."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self.unfinished = len(session.items)
        self._waiting = deque(_groups(session.items))
        self._running: dict[_End, _Process] = {}

    def __enter__(self) -> _Processes:
        return self

    def __exit__(self, *_: object) -> None:
        """Let all end: at the next report, they find that it is not read, and tear down their fixtures."""
        for end in self._running:
            end.close()
        for process in self._running.values():
            process.code()

    def run(self, count: int) -> None:
        for number in range(min(count, len(self._waiting))):
            self._fork(number)
        while self._running and not self._session.shouldfail:
            for end in wait([*self._running]):
                assert isinstance(end, Connection)
                self._receive(end)

    def _fork(self, number: int) -> None:
        factory: Any = self._session.config._tmp_path_factory  # type: ignore[attr-defined]
        folder = factory.getbasetemp() / FOLDER.format(number)
        ours, theirs = Pipe()
        sys.stdout.flush()
        with warnings.catch_warnings(action="ignore", category=DeprecationWarning):  # the threads of NumPy do not mind
            pid = os.fork()
        if pid == 0:
            for end in (ours, *self._running):
                end.close()
            folder.mkdir(mode=0o700)
            factory._basetemp = folder
            _run_and_exit(self._session, theirs)
        theirs.close()
        self._running[ours] = _Process(pid)

    def _receive(self, end: _End) -> None:
        process, hook = self._running[end], self._session.config.hook
        try:
            kind, data = end.recv()
        except EOFError:
            end.close()
            del self._running[end]
            if (code := process.code()) != ENDED:
                hook.pytest_runtest_logreport(report=_ended(process, code))
            return
        if kind == "free":
            end.send(self._waiting.popleft() if self._waiting else None)
        elif kind == "start":
            process.nodeid = data
        elif kind == "warning":
            hook.pytest_warning_recorded.call_historic(kwargs=data)
        else:
            report = hook.pytest_report_from_serializable(config=self._session.config, data=data)
            self.unfinished -= report.when == "teardown"
            hook.pytest_runtest_logreport(report=report)


def _groups(items: Iterable[pytest.Item]) -> list[list[int]]:
    """The numbers of the tests that one process runs together, in the order of the first of them."""
    nodeids = [item.nodeid for item in items]
    names, groups = groups_of(nodeids), dict[str, list[int]]()
    for number, nodeid in enumerate(nodeids):
        groups.setdefault(names[nodeid.partition("::")[0]], []).append(number)
    return list(groups.values())


def _ended(process: _Process, code: int) -> pytest.TestReport:
    why = f"The process of the test ended with code {code}; further tests of its files have not run."
    place = (process.nodeid.partition("::")[0], None, process.nodeid)
    return pytest.TestReport(process.nodeid, place, {}, "failed", why, "call")


class _Reports:
    """Sends what the hooks of one process report."""

    def __init__(self, config: pytest.Config, end: _End) -> None:
        self._config, self._end = config, end

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._end.send(("start", nodeid))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._end.send(("report", data))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(self, item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, None, None]:
        """After the last test, errors in finalizers fail it, as pytest's own look for them would fail the whole run."""
        yield
        if nextitem is None:
            gc.collect()
            collect_unraisable(item.config)

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: object
    ) -> None:
        seen = warning_message
        copy = warnings.WarningMessage(str(seen.message), seen.category, seen.filename, seen.lineno)
        self._end.send(("warning", {"warning_message": copy, "when": when, "nodeid": nodeid, "location": location}))


def _run_and_exit(session: pytest.Session, end: _End) -> NoReturn:
    """Run tests in a process that has just been forked; what its parent has registered for its exit is not run."""
    code = 1
    try:
        with closing(end):
            _take_part(session.config, end)
            _run(session, end)
        code = ENDED
    except (BrokenPipeError, ConnectionResetError, EOFError, KeyboardInterrupt):
        pass  # the run has been stopped
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _take_part(config: pytest.Config, end: _End) -> None:
    """Report to the parent instead of the terminal, and capture output in files of this process."""
    plugins = config.pluginmanager
    plugins.unregister(name="terminalreporter")
    plugins.register(_Reports(config, end))
    capture: Any = plugins.get_plugin("capturemanager")
    capture.stop_global_capturing()
    capture.start_global_capturing()
    capture.suspend_global_capture()


def _run(session: pytest.Session, end: _End) -> None:
    upcoming = chain(_given(session, end), [None])
    item = next(upcoming)
    try:
        while item is not None and not session.shouldfail:
            following = next(upcoming)
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            item = following
    finally:
        session._setupstate.teardown_exact(None)


def _given(session: pytest.Session, end: _End) -> Iterator[pytest.Item]:
    """The tests of one group after the other; a process asks for the next group before the last test of one."""
    while True:
        end.send(("free", None))
        if (numbers := end.recv()) is None:
            return
        yield from (session.items[number] for number in numbers)
