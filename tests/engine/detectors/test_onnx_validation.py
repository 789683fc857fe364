"""Untrusted model files: those that reference other files or exhaust memory are rejected."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from frametally.engine.detectors import list_models, open_detector, parse_params
from frametally.engine.detectors.onnx_validation import last_operators
from frametally.errors import ModelError
from tests.support import onnx_models

ONE = b"\0\0\x80?"
Place = Callable[[onnx.TensorProto], onnx.ModelProto]


def model_path(models_dir: Path) -> Path:
    path = models_dir / "sly" / "1" / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def outside(location: str) -> onnx.TensorProto:
    """A weight that is stored at this external location."""
    tensor = TensorProto(name="weights", data_type=TensorProto.FLOAT, dims=[1], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, "length": "4"}.items():
        tensor.external_data.add(key=key, value=value)
    return tensor


def made(nodes: list[onnx.NodeProto], constants: list[onnx.TensorProto] | None = None) -> onnx.ModelProto:
    shape = (1, 3, 32, 32)
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in ("images", "output")]
    graph = helper.make_graph(nodes, "sly", values[:1], values[1:], constants or [])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def as_initializer(tensor: onnx.TensorProto) -> onnx.ModelProto:
    return made([helper.make_node("Mul", ["images", "weights"], ["output"])], [tensor])


def as_attribute(tensor: onnx.TensorProto) -> onnx.ModelProto:
    constant = helper.make_node("Constant", [], ["weights"], value=tensor)
    return made([constant, helper.make_node("Mul", ["images", "weights"], ["output"])])


def in_a_branch(tensor: onnx.TensorProto) -> onnx.ModelProto:
    result = helper.make_tensor_value_info("branch", TensorProto.FLOAT, None)
    multiply = helper.make_node("Mul", ["images", "weights"], ["branch"])
    branch = helper.make_graph([multiply], "branch", [], [result], [tensor])
    true = helper.make_node("Constant", [], ["yes"], value=helper.make_tensor("yes", TensorProto.BOOL, [], [True]))
    return made([true, helper.make_node("If", ["yes"], ["output"], then_branch=branch, else_branch=branch)])


def in_a_function(tensor: onnx.TensorProto) -> onnx.ModelProto:
    nodes = [
        helper.make_node("Constant", [], ["weights"], value=tensor),
        helper.make_node("Mul", ["x", "weights"], ["y"]),
    ]
    function = helper.make_function("own", "scale", ["x"], ["y"], nodes, [helper.make_opsetid("", 17)])
    model = made([helper.make_node("scale", ["images"], ["output"], domain="own")])
    model.functions.append(function)
    model.opset_import.append(helper.make_opsetid("own", 1))
    return model


def as_sparse(tensor: onnx.TensorProto) -> onnx.ModelProto:
    model = made([helper.make_node("Mul", ["images", "weights"], ["output"])])
    indices = numpy_helper.from_array(np.array([0], dtype=np.int64))
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(tensor, indices, [1]))
    return model


def error_of(models_dir: Path) -> str:
    with pytest.raises(ModelError) as refused:
        open_detector(models_dir, "sly", "1", parse_params(None))
    assert str(models_dir) not in str(refused.value)
    assert [model.model_id for model in list_models(models_dir)] == ["motion"]
    return str(refused.value)


@pytest.mark.parametrize("place", [as_initializer, as_attribute, in_a_branch, in_a_function, as_sparse])
@pytest.mark.parametrize(
    "kind", ["above", "through", "absolute", "linked", "in a linked folder", "second name", "memory"]
)
def test_weights_outside_of_the_model_folder_are_rejected(tmp_path: Path, place: Place, kind: str) -> None:
    secret = tmp_path / "secret.bin"
    secret.write_bytes(ONE)
    path = model_path(tmp_path / "models")
    (path.parent / "link.bin").symlink_to(secret)
    (path.parent / "folder").symlink_to(tmp_path)
    os.link(secret, path.parent / "second.bin")
    location = {
        "above": "../../../secret.bin",
        "through": "folder/../../../../secret.bin",
        "absolute": str(secret),
        "linked": "link.bin",
        "in a linked folder": "folder/secret.bin",
        "second name": "second.bin",
        "memory": "*/_ORT_MEM_ADDR_/*",
    }[kind]
    path.write_bytes(place(outside(location)).SerializeToString())
    assert error_of(tmp_path / "models").startswith("sly/1 references weights outside of its folder.")


@pytest.mark.parametrize("location", ["", ".", "nothing.bin", "a\0b", "\n"])
def test_missing_weights_are_rejected(tmp_path: Path, location: str) -> None:
    model_path(tmp_path).write_bytes(as_initializer(outside(location)).SerializeToString())
    assert "weights outside of its folder" in error_of(tmp_path)


def test_weights_in_a_named_pipe_are_rejected_without_blocking(tmp_path: Path) -> None:
    path = model_path(tmp_path)
    os.mkfifo(path.with_name("weights.bin"))
    path.write_bytes(as_initializer(outside("weights.bin")).SerializeToString())
    assert "weights outside of its folder" in error_of(tmp_path)


def test_weights_next_to_the_file_are_read(tmp_path: Path) -> None:
    path = model_path(tmp_path)
    path.with_name("weights.bin").write_bytes(ONE)
    path.write_bytes(as_initializer(outside("weights.bin")).SerializeToString())
    path.with_name("classes.txt").write_text("a\nb\nc\n")
    assert [model.inference_type for model in list_models(tmp_path)] == ["object-detection", "semantic-segmentation"]


def test_weights_that_arrive_later_make_the_model_appear(tmp_path: Path) -> None:
    path = model_path(tmp_path)
    path.with_name("classes.txt").write_text("a\nb\nc\n")
    path.write_bytes(as_initializer(outside("weights.bin")).SerializeToString())
    assert len(list_models(tmp_path)) == 1
    path.with_name("weights.bin").write_bytes(ONE)
    assert len(list_models(tmp_path)) == 2


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x08", b"\x0a" * 5000, b"\x3a\x80\x80\x80\x80\x08"])
def test_a_file_that_is_not_onnx_is_rejected(tmp_path: Path, content: bytes) -> None:
    model_path(tmp_path).write_bytes(content)
    assert error_of(tmp_path).startswith("sly/1 is not a valid ONNX file.")


def test_damaged_model_files_raise_a_model_error(tmp_path: Path) -> None:
    path = model_path(tmp_path)
    onnx_models.save_unknown(path)
    whole = path.read_bytes()
    random = np.random.default_rng(7)
    for at in random.integers(0, len(whole), 60).tolist():
        flipped = whole[:at] + bytes([whole[at] ^ (1 << int(random.integers(8)))]) + whole[at + 1 :]
        for content in (whole[:at], flipped):
            path.write_bytes(content)
            with pytest.raises(ModelError):
                open_detector(tmp_path, "sly", "1", parse_params(None))


def test_a_graph_with_too_many_nodes_is_rejected(tmp_path: Path) -> None:
    names = ["images", *(f"step{at}" for at in range(50_001)), "output"]
    nodes = [helper.make_node("Relu", [before], [after]) for before, after in itertools.pairwise(names)]
    model_path(tmp_path).write_bytes(made(nodes).SerializeToString())
    assert error_of(tmp_path) == "sly/1 has more than 50000 nodes. Larger graphs are not supported."


def test_a_graph_with_too_many_outputs_is_rejected(tmp_path: Path) -> None:
    names = ["images", *(f"step{at}" for at in range(101))]
    graph = made([helper.make_node("Identity", [before], [after]) for before, after in itertools.pairwise(names)])
    graph.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in names[1:])
    model_path(tmp_path).write_bytes(graph.SerializeToString())
    assert error_of(tmp_path) == "sly/1 has more than 100 outputs. Export it with fewer outputs."


def test_functions_that_expand_exponentially_are_rejected(tmp_path: Path) -> None:
    """Six levels of ten nodes expand to a million nodes."""
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    model = made([helper.make_node("level6", ["images"], ["output"], domain="own")])
    for level in range(1, 7):
        kind, domain = ("Relu", "") if level == 1 else (f"level{level - 1}", "own")
        names = ["x", *(f"step{at}" for at in range(9)), "y"]
        nodes = [helper.make_node(kind, [one], [other], domain=domain) for one, other in itertools.pairwise(names)]
        model.functions.append(helper.make_function("own", f"level{level}", ["x"], ["y"], nodes, opsets))
    model.opset_import.append(opsets[1])
    model_path(tmp_path).write_bytes(model.SerializeToString())
    assert "has more than 50000 nodes" in error_of(tmp_path)


def test_a_recursive_function_is_rejected(tmp_path: Path) -> None:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    model = made([helper.make_node("again", ["images"], ["output"], domain="own")])
    again = helper.make_node("again", ["x"], ["y"], domain="own")
    model.functions.append(helper.make_function("own", "again", ["x"], ["y"], [again], opsets))
    model.opset_import.append(opsets[1])
    model_path(tmp_path).write_bytes(model.SerializeToString())
    assert "has more than 50000 nodes" in error_of(tmp_path)


def test_a_model_compiled_for_one_provider_is_rejected(tmp_path: Path) -> None:
    node = helper.make_node("EPContext", ["images"], ["output"], domain="com.microsoft", ep_cache_context="/secret")
    model_path(tmp_path).write_bytes(made([node]).SerializeToString())
    assert "sly/1 is compiled for one provider" in error_of(tmp_path)


@pytest.mark.parametrize("shape", [(1, 3, 1 << 20, 1 << 20), (1, 3, 8192, 8192), (1, 3, 1 << 62, 1 << 62)])
def test_a_too_large_input_is_rejected(tmp_path: Path, shape: tuple[int, ...]) -> None:
    graph = onnx_models.Graph()
    graph.input_shape = shape
    graph.node("GlobalAveragePool", ["images"], "mean")
    graph.node("Flatten", ["mean"], "output")
    path = model_path(tmp_path)
    graph.save(path, {"output": (1, 3)})
    path.with_name("classes.txt").write_text("a\nb\nc\n")
    assert "smaller" in error_of(tmp_path)


def test_too_many_classes_are_rejected(tmp_path: Path) -> None:
    graph = onnx_models.Graph()
    graph.constant("shape", [1, 3 * 320 * 320], np.int64)
    graph.node("Reshape", ["images", "shape"], "output")
    path = model_path(tmp_path)
    graph.save(path, {"output": (1, 3 * 320 * 320)})
    path.with_name("classes.txt").write_text("a\n")
    assert "sly/1 has 307200 classes" in error_of(tmp_path)


def test_an_output_that_differs_from_its_declared_shape_raises(tmp_path: Path) -> None:
    """The length of the output depends on the brightness of the picture."""
    from frametally.engine.picture import Picture

    graph = onnx_models.Graph()
    graph.node("Cast", ["images"], "yes", to=TensorProto.BOOL)
    graph.constant("flat", [-1], np.int64)
    graph.node("NonZero", [graph.node("Reshape", ["yes", "flat"], "row")], "where")
    graph.node("Cast", ["where"], "output", to=TensorProto.FLOAT)
    path = model_path(tmp_path)
    graph.save(path, {"output": (1, "bright")})
    path.with_name("classes.txt").write_text("a\nb\nc\n")
    path.with_name("model.json").write_text('{"family": "classification"}')  # not examined before
    detector = open_detector(tmp_path, "sly", "1", parse_params(None))
    with pytest.raises(ModelError, match="sly/1 did not return a score for each class"):
        detector.infer(Picture.of(np.full((50, 50, 3), 255, dtype=np.uint8)))
    path.with_name("model.json").unlink()
    assert "sly/1 did not return a score for each class" in error_of(tmp_path)


@pytest.mark.parametrize(
    "names",
    ["{" * 100_000, "[" * 5000, "{0: 'a', 1: ['b']}", "[True, 2]", "9" * 10_000, "{'a': 'b'}", "__import__('os')", ""],
)
def test_invalid_names_in_the_metadata_are_ignored(tmp_path: Path, names: str) -> None:
    path = model_path(tmp_path)
    onnx_models.save_yolox(path)
    model = onnx.load(str(path))
    helper.set_model_props(model, {"names": names, "imgsz": names, "args": names})
    path.write_bytes(model.SerializeToString())
    assert [one.classes for one in list_models(tmp_path)][1] == ["class 0", "class 1"]


def test_one_invalid_file_does_not_hide_other_models(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    onnx_models.save_ultralytics(tmp_path / "good" / "1" / "model.onnx")
    model_path(tmp_path).write_bytes(as_initializer(outside("../../good/1/model.onnx")).SerializeToString())
    with caplog.at_level(logging.WARNING):
        assert [model.model_id for model in list_models(tmp_path)] == ["good", "motion"]
    assert "sly/1 references weights" in caplog.text


def test_the_operator_of_an_output_is_found_through_value_preserving_ones(tmp_path: Path) -> None:
    graph = onnx_models.Graph()
    graph.node("GlobalAveragePool", ["images"], "mean")
    graph.node("Softmax", ["mean"], "soft", axis=1)
    graph.node("Flatten", ["soft"], "flat")
    graph.node("Identity", ["flat"], "output")
    graph.save(model_path(tmp_path), {"output": (1, 3)})
    assert last_operators(model_path(tmp_path), "sly/1") == {"output": "Softmax"}


def test_a_long_chain_of_functions_is_rejected(tmp_path: Path) -> None:
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    model = made([helper.make_node("f0", ["images"], ["output"], domain="own")])
    for at in range(3000):
        call = helper.make_node(f"f{at + 1}", ["x"], ["y"], domain="own")
        model.functions.append(helper.make_function("own", f"f{at}", ["x"], ["y"], [call], opsets))
    model.opset_import.append(opsets[1])
    model_path(tmp_path).write_bytes(model.SerializeToString())
    assert "has more than 50000 nodes" in error_of(tmp_path)


@pytest.mark.parametrize(
    ("operator", "domain", "complaint"),
    [
        ("EfficientNMS_TRT", "TRT", "contains the TensorRT plug-in EfficientNMS_TRT, which only TensorRT can run"),
        ("BatchedNMS_TRT", "", "contains the TensorRT plug-in BatchedNMS_TRT"),
        ("MMCVRoiAlign", "mmcv", "contains the operator MMCVRoiAlign of mmcv, which ONNX Runtime lacks"),
    ],
)
def test_operators_of_other_runtimes_are_named(tmp_path: Path, operator: str, domain: str, complaint: str) -> None:
    model = made([helper.make_node(operator, ["images"], ["output"], domain=domain)])
    if domain:
        model.opset_import.append(helper.make_opsetid(domain, 1))
    model_path(tmp_path).write_bytes(model.SerializeToString())
    assert complaint in error_of(tmp_path)
