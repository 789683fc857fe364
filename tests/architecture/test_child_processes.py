"""Every process that the product starts gets an environment without secrets, and no secret as an argument."""

from __future__ import annotations

import ast
from functools import cache

from tests.support.source_tree import statements, syntax_trees

STARTING = {
    *(f"subprocess.{name}" for name in ("Popen", "run", "call", "check_call", "check_output", "getoutput")),
    *("os.system", "os.popen", "os.posix_spawn", "os.posix_spawnp", "os.fork", "os.forkpty", "pty.spawn"),
    *("asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "multiprocessing.Process"),
}
ALLOWED = "child_environment"
COPIED = {"frametally.video.seeking.process"}
"""A process that copies itself, with the environment that it was started with."""


@cache
def starts() -> list[tuple[str, ast.Call, ast.AST]]:
    """(module, call, function around it) of each start of a process."""
    return [
        (module, node, function)
        for module, tree in syntax_trees().items()
        for function in statements(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and dotted(node.func) in STARTING
    ]


def dotted(function: ast.expr) -> str:
    """`module.name` of what is called, else nothing; faster than to print each expression."""
    if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
        return f"{function.value.id}.{function.attr}"
    return ""


def test_every_child_process_gets_the_allowed_environment() -> None:
    found = starts()
    assert len(found) >= 6
    for module, call, function in found:
        if module in COPIED and dotted(call.func) == "os.fork":
            continue
        env = next((ast.unparse(each.value) for each in call.keywords if each.arg == "env"), "")
        made = [ast.unparse(node.value) for node in ast.walk(function) if isinstance(node, ast.Assign)]
        is_made = any(text.startswith(ALLOWED) for text in made) if env in ("env", "environment") else ALLOWED in env
        assert is_made, f"{module}: {ast.unparse(call)}"


def test_no_child_process_gets_a_key_as_an_argument() -> None:
    for module, _, function in starts():
        commands = [node for node in ast.walk(function) if isinstance(node, ast.List)]
        named = {name.id for each in commands for name in ast.walk(each) if isinstance(name, ast.Name)}
        assert [name for name in named if "key" in name or "secret" in name] == [], module
