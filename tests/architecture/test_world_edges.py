"""The few places that read the clock or the environment, or open a database."""

from __future__ import annotations

import ast

from tests.support.source_tree import syntax_trees

EDGES = {
    ("components.session", "os.environ"),
    ("frametally.cli.environment", "os.environ"),
    ("frametally.health.beacon", "os.environ"),  # passed on to the process that serves the health
    ("frametally.engine.detectors.selection.inspection", "os.environ"),  # passed on to the process that opens a model
    ("frametally.evaluation.files.process", "os.environ"),  # passed on to the process that reads labels
    ("frametally.engine.supervisor", "os.environ"),  # passed on to the worker process
    ("frametally.cluster.worker", "os.environ"),  # a separate process; Ray is configured there
    ("frametally.cluster.worker", "time.time"),  # compared with file times
    ("frametally.engine.worker", "time.time"),  # a separate process; compared with file times
    ("frametally.notifications.rules.watch", "os.environ"),  # passed on to the process that checks rules
    ("frametally.library.copies.maker", "os.environ"),  # passed on to the process that encodes a copy
    ("frametally.results.reading.process", "os.environ"),  # passed on to the process that archives results
    ("frametally.reports.pdf", "os.environ"),  # passed on to the browser that prints
    ("frametally.rendering.video_export", "os.environ"),  # passed on to the process that encodes a video
    ("frametally.rendering.regions.tracking_runs", "os.environ"),  # passed on to the process that tracks objects
    ("frametally.video.seeking.parked_decoder", "os.environ"),  # passed on to the process that decodes
    ("frametally.storage.cache", "time.time"),  # compared with file times
    ("frametally.network.retry", "time.time"),  # to convert a date in Retry-After
    ("frametally.clock", "datetime.now"),  # utc_now, which the deployment passes on
}
"""Everything else takes the time and the environment as arguments."""
WORLD = {"os.environ", "os.getenv", "time.time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
NAMES = {text.rpartition(".")[2] for text in WORLD}


def test_only_the_edges_read_the_clock_and_the_environment() -> None:
    reading = {
        (module, text)
        for module, tree in syntax_trees().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in NAMES and (text := ast.unparse(node)) in WORLD
    }
    assert reading == EDGES


def test_every_database_engine_hides_the_values_it_writes_from_errors() -> None:
    opening = [
        call
        for tree in syntax_trees().values()
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and (getattr(call.func, "attr", "") or getattr(call.func, "id", "")).endswith("create_engine")
    ]
    assert len(opening) == 4
    assert [ast.unparse(call) for call in opening if "hide_parameters=True" not in ast.unparse(call)] == []
