"""Models on an inference server: requests, and whole jobs whose entries are its responses."""

from __future__ import annotations

import base64
import io
import json
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from frametally.config.inference_servers import KEY_SETTING, SERVERS_SETTING, InferenceServers
from frametally.contract import ModelRequest
from frametally.engine.detectors.remote.inference_server import InferenceServer
from frametally.engine.detectors.remote.remote import RemoteDetector
from frametally.engine.picture import Picture
from frametally.errors import ModelError
from frametally.results import Kind, Results, archive_results, open_results
from tests.support.engine_jobs import run_here
from tests.support.engines import RunningEngine, StartEngine, model
from tests.support.image_api import ImageApi

SECRET = "rf_S3cret"
FOUND = {"x": 100.5, "y": 80, "width": 40, "height": 20, "confidence": 0.9, "class": "car", "class_id": 2}
POINTS = [{"x": 90, "y": 75}, {"x": 110, "y": 75}, {"x": 100, "y": 85.5}]
SIZE = {"width": 320, "height": 240}


def entry(*found: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"time": 0.0123, "image": SIZE, "predictions": list(found), **more}


def mask_png() -> str:
    file = io.BytesIO()
    Image.fromarray(np.repeat([[0, 1]], 240, axis=0).repeat(160, axis=1).astype(np.uint8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


MADE: dict[str, tuple[str, Any, Kind]] = {
    "det/3": ("object-detection", entry({**FOUND, "detection_id": "a"}, inference_id="b"), Kind.DETECTION),
    "seg/1": ("instance-segmentation", entry({**FOUND, "points": POINTS}), Kind.SEGMENTATION),
    "pose/1": (
        "keypoint-detection",
        entry({**FOUND, "keypoints": [{"x": 1, "y": 2, "confidence": 0.5, "class_id": 0, "class": "nose"}]}),
        Kind.KEYPOINTS,
    ),
    "single/1": (
        "classification",
        entry({"class": "car", "class_id": 2, "confidence": 0.9}, top="car", confidence=0.9),
        Kind.CLASSIFICATION,
    ),
    "many/1": (
        "classification",
        {"image": SIZE, "predictions": {"car": {"confidence": 0.9, "class_id": 2}}, "predicted_classes": ["car"]},
        Kind.MULTI_LABEL,
    ),
    "area/1": (
        "semantic-segmentation",
        {"predictions": {"segmentation_mask": mask_png(), "class_map": {"0": "background", "1": "road"}}, "time": None},
        Kind.SEMANTIC,
    ),
    "gaze": ("gaze-detection", [{"predictions": [{"face": FOUND, "yaw": 0.1, "pitch": -0.2}], "time": 1}], Kind.GAZE),
    "clip": ("clip-embed-image", {"embeddings": [[0.1, 0.2, -0.3]], "time": 0.1, "frame_id": None}, Kind.CLIP),
}
RECORDED = {
    "hosted_yolov5n_object_detection": ("object-detection", Kind.DETECTION),
    "hosted_yolov8n_object_detection": ("object-detection", Kind.DETECTION),
    "inference_yolo26_det_reference_prediction": ("object-detection", Kind.DETECTION),
    "inference_yolonas_det_reference_prediction": ("object-detection", Kind.DETECTION),
    "inference_yolov5_det_reference_prediction": ("object-detection", Kind.DETECTION),
    "inference_yolov8_det_reference_prediction": ("object-detection", Kind.DETECTION),
    "python_mock_object_detection": ("object-detection", Kind.DETECTION),
    "hosted_yolov5s_instance_segmentation": ("instance-segmentation", Kind.SEGMENTATION),
    "inference_yolo26_seg_reference_prediction": ("instance-segmentation", Kind.SEGMENTATION),
    "inference_yolov5_seg_reference_prediction": ("instance-segmentation", Kind.SEGMENTATION),
    "inference_yolov7_seg_reference_prediction": ("instance-segmentation", Kind.SEGMENTATION),
    "inference_yolov8_seg_reference_prediction": ("instance-segmentation", Kind.SEGMENTATION),
    "python_mock_instance_segmentation": ("instance-segmentation", Kind.SEGMENTATION),
    "inference_yolov8_pose_reference_prediction": ("keypoint-detection", Kind.KEYPOINTS),
    "python_keypoints_MM2A_46_R_T_predictions": ("keypoint-detection", Kind.KEYPOINTS),
    "hosted_vit_single_label_classification": ("classification", Kind.CLASSIFICATION),
    "inference_yolov8_cls_reference_prediction": ("classification", Kind.CLASSIFICATION),
    "inference_dinov3_multi_class_reference_prediction": ("classification", Kind.CLASSIFICATION),
    "hosted_vit_multilabel_classification": ("classification", Kind.MULTI_LABEL),
    "inference_vit_multi_label_reference_prediction": ("classification", Kind.MULTI_LABEL),
    "gaze_l2cs_response": ("gaze-detection", Kind.GAZE),
    "hosted_clip_embed_image_0": ("clip-embed-image", Kind.CLIP),
}


@pytest.fixture
def image_api() -> Iterator[ImageApi]:
    with ImageApi(key=SECRET, models={name: (task, response) for name, (task, response, _) in MADE.items()}) as api:
        yield api


def servers(api: ImageApi, patterns: str = "*/*", key: str = SECRET) -> InferenceServers:
    parts = ",".join(f"{pattern}={api.url}" for pattern in patterns.split())
    return InferenceServers.from_environment({SERVERS_SETTING: parts, KEY_SETTING: key})


def ran(
    start_engine: StartEngine, known: InferenceServers, video: Path, *models: dict[str, Any], fps: float = 1
) -> tuple[RunningEngine, str]:
    """The engine and the id of a job that has run in this process; the test of the key has a worker."""
    engine = start_engine(worker=False, inference_servers=known)
    job_id = engine.submit(engine.upload(video), *models, fps=fps)
    run_here(engine, job_id, known)
    return engine, job_id


def asked(name: str, kind: str, **params: Any) -> dict[str, Any]:
    model_id, _, version = name.partition("/")
    return {**model(model_id, version or "1", **params), "inference_type": kind}


def opened(tmp_path: Path, results: dict[str, Any]) -> Results:
    """Archive the results and open them."""
    (tmp_path / "download.json").write_text(json.dumps(results))
    archive_results(tmp_path / "download.json", tmp_path / "archived")
    return open_results(tmp_path / "archived")


def test_every_type_of_model_runs_on_the_server_and_its_responses_become_entries(
    start_engine: StartEngine, image_api: ImageApi, small_video: Path, tmp_path: Path
) -> None:
    models = [asked(name, task) for name, (task, _, _) in MADE.items()]
    engine, job_id = ran(start_engine, servers(image_api), small_video, *models)
    results = engine.results(job_id)
    assert set(image_api.sizes) == {(320, 240)}
    assert len(image_api.asked) >= 4 * len(MADE)  # a slow response is requested again
    for name, (task, response, _) in MADE.items():
        answer = response[0] if task == "gaze-detection" else response
        for got in results[name.partition("/")[0]]:
            assert got["time"] > 0
            assert got["image"] == SIZE
            assert {**got, **answer, "time": 0} == {**got, "time": 0}
    archived = opened(tmp_path, results)
    kinds = {name.partition("/")[0]: kind for name, (_, _, kind) in MADE.items()}
    assert {name: part.kind for name, part in archived.models.items()} == kinds
    assert all(part.analyzed.all() and not part.mismatched for part in archived.models.values())


def test_recorded_responses_are_kept_unchanged(
    start_engine: StartEngine, shared_data: Path, small_video: Path, tmp_path: Path
) -> None:
    folder = shared_data / "results" / "roboflow_real"
    responses = {name: json.loads((folder / f"{name}.json").read_bytes()) for name in RECORDED}
    ids = {name: {Kind.GAZE: "gaze", Kind.CLIP: "clip"}.get(kind, name) for name, (_, kind) in RECORDED.items()}
    known = {
        ids[name] if ids[name] in ("gaze", "clip") else f"{name}/1": (task, responses[name])
        for name, (task, _) in RECORDED.items()
    }
    with ImageApi(models=known) as api:
        models = [asked(ids[name], task) for name, (task, _) in RECORDED.items()]
        engine, job_id = ran(start_engine, servers(api, key=""), small_video, *models)
    results = engine.results(job_id)
    for name in RECORDED:
        answer = {"predictions": responses[name]} if ids[name] == "gaze" else responses[name]
        first = results[ids[name]][0]
        assert {**first, **answer, "time": 0} == {**first, "time": 0}
        assert first["time"] > 0
    archived = opened(tmp_path, results)
    assert {name: archived.models[ids[name]].kind for name in RECORDED} == {
        name: kind for name, (_, kind) in RECORDED.items()
    }
    assert all(part.analyzed.all() and not part.mismatched for part in archived.models.values())


def test_a_job_can_use_local_and_remote_models(
    start_engine: StartEngine, image_api: ImageApi, small_video: Path
) -> None:
    engine, job_id = ran(start_engine, servers(image_api), small_video, model("motion"), model("det", "3"), fps=2)
    results = engine.results(job_id)
    assert [len(found["predictions"]) for found in results["motion"][3:]] == [1] * 5
    assert [found["predictions"][0]["class"] for found in results["det"]] == ["car"] * 8
    assert {body["model_id"] for body in image_api.asked} == {"det/3"}


def test_named_models_are_listed_and_others_can_be_requested(start_engine: StartEngine, image_api: ImageApi) -> None:
    patterns = "det/3 seg/1:instance-segmentation gaze/* seg/1 other-*/* motion/1"
    engine = start_engine(worker=False, inference_servers=servers(image_api, patterns))
    listed = engine.call("GET", "/models").json()["models"]
    assert [(one["model_id"], one["model_version"], one["inference_type"], one["classes"]) for one in listed] == [
        ("det", "3", "object-detection", []),
        ("gaze", "1", "gaze-detection", []),
        ("motion", "1", "object-detection", ["moving"]),
        ("seg", "1", "instance-segmentation", []),
    ]
    engine.submit("https://example.com/a.mp4", asked("other-one/7", "classification"))


@pytest.mark.parametrize(
    ("models", "complaint"),
    [
        ([asked("seg/1", "object-detection")], "seg/1 is not for the requested inference type. Request inst"),
        ([asked("gaze/1", "object-detection")], "Request gaze-detection."),
        ([asked("det/3", "dancing")], "Request object-detection, instance-segmentation"),
        (
            [asked("unknown/1", "object-detection")],
            "Model unknown/1 is not installed. Installed models: det/3, gaze/1, motion/1",
        ),
        ([asked("det/..", "object-detection")], "Model det/.. is not installed."),
        ([asked("det/3", "object-detection", confidence=7)], "The inference_params are invalid."),
        ([asked("det/3", "object-detection", confidence="most")], "The inference_params are invalid."),
        ([asked("det/3", "object-detection", api_key="other")], "The inference_params may not contain api_key."),
        ([asked("det/3", "object-detection", image={"type": "url"})], "The inference_params may not contain image."),
    ],
)
def test_invalid_remote_requests_are_rejected_before_the_job(
    start_engine: StartEngine, image_api: ImageApi, models: list[dict[str, Any]], complaint: str
) -> None:
    patterns = "det/* det/3 seg/1:instance-segmentation gaze/*"
    engine = start_engine(worker=False, inference_servers=servers(image_api, patterns))
    answer = engine.ask("https://example.com/a.mp4", *models)
    assert answer.status_code == 400
    assert complaint in " ".join(answer.json().values())
    assert image_api.asked == []


FAILING = [
    (asked("nothing/1", "object-detection"), SECRET, "returned 404: Requested Roboflow resource not found."),
    (asked("seg/1", "object-detection"), SECRET, "returned 400: Model 'seg/1' is a instance-segmentation model."),
    (asked("det/3", "object-detection"), "", f"Set {KEY_SETTING} to a key with access to the model."),
    (asked("det/3", "object-detection"), "another-key", f"Set {KEY_SETTING} to a key with access to the model."),
]


@pytest.mark.parametrize(("wrong", "key", "complaint"), FAILING, ids=["unknown", "type", "no key", "wrong key"])
def test_a_job_rejected_by_the_server_fails_with_a_next_step(
    start_engine: StartEngine,
    image_api: ImageApi,
    small_video: Path,
    wrong: dict[str, Any],
    key: str,
    complaint: str,
) -> None:
    engine, job_id = ran(start_engine, servers(image_api, key=key), small_video, wrong)
    reason = engine.wait(job_id).reason
    name = f"{wrong['model_id']}/{wrong['model_version']}"
    assert reason.startswith(f"{name} cannot be run: the inference server {image_api.url} returned 4")
    assert complaint in reason
    frames = [body["image"]["value"] for body in image_api.asked]
    assert len(set(frames)) == len(frames)  # no frame is sent twice


def test_the_key_is_only_sent_to_the_server(
    start_engine: StartEngine, image_api: ImageApi, small_video: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = start_engine(inference_servers=servers(image_api))
    engine.results(engine.submit(engine.upload(small_video), model("det", "3"), fps=1))
    failing = engine.submit(engine.upload(small_video), model("nothing"), fps=1)
    assert SECRET not in engine.wait(failing).reason
    assert {body["api_key"] for body in image_api.asked} == {SECRET}
    command_lines = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(engine.folder) in command_lines
    assert SECRET not in command_lines
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files if SECRET.encode() in path.read_bytes()] == []
    assert SECRET not in "".join(capfd.readouterr())


def question(task: str, version: str, image: Any, **params: Any) -> tuple[dict[str, Any], Any]:
    """Run the model on one picture; returns the fields of the request and the image that was sent."""
    name = {"gaze-detection": "gaze", "clip-embed-image": "clip"}.get(task, f"some/{version}")
    with ImageApi(
        models={name: next((response[0], response[1]) for response in MADE.values() if response[0] == task)}
    ) as api:
        request = ModelRequest(name.partition("/")[0], version, task, params or None)
        RemoteDetector(InferenceServer(api.url, SECRET, model=name), request).infer(Picture.of(image))
        (body,) = api.asked
    sent = Image.open(io.BytesIO(base64.b64decode(body["image"].pop("value"))))
    return body, sent


SDK_PARAMS = {"class_filter": ["car"], "confidence": 0.5, "iou_threshold": 0.4, "max_detections": 7}
SDK_BODIES = [
    ("object-detection", {"api_key": SECRET, "model_id": "some/3", **SDK_PARAMS}),
    ("instance-segmentation", {"api_key": SECRET, "model_id": "some/3", **SDK_PARAMS}),
    ("keypoint-detection", {"api_key": SECRET, "model_id": "some/3", **SDK_PARAMS}),
    ("classification", {"api_key": SECRET, "model_id": "some/3", "confidence": 0.5}),
    ("clip-embed-image", {"api_key": SECRET, "clip_version_id": "ViT-B-32"}),
]
"""Recorded from inference-sdk 1.8.3, without the flags that are false, which the server uses by default."""


@pytest.mark.parametrize(("task", "sdk_body"), SDK_BODIES, ids=[task for task, _ in SDK_BODIES])
def test_requests_match_those_of_the_vendor_sdk(task: str, sdk_body: dict[str, Any]) -> None:
    params = {"classes" if name == "class_filter" else name: sdk_body[name] for name in SDK_PARAMS if name in sdk_body}
    body, _ = question(task, sdk_body.get("clip_version_id", "3"), np.zeros((60, 80, 3), dtype=np.uint8), **params)
    assert body == {**sdk_body, "image": {"type": "base64"}}


@pytest.mark.parametrize("task", ["gaze-detection", "clip-embed-image"])
def test_version_1_of_gaze_and_clip_is_the_default_of_the_server(task: str) -> None:
    body, _ = question(task, "1", np.zeros((60, 80, 3), dtype=np.uint8))
    assert body == {"api_key": SECRET, "image": {"type": "base64"}}


def test_parameters_of_the_server_are_passed_on() -> None:
    image = np.zeros((60, 80, 3), dtype=np.uint8)
    body, _ = question("object-detection", "3", image, confidence="best", class_agnostic_nms=True)
    assert (body["confidence"], body["class_agnostic_nms"]) == ("best", True)


@pytest.mark.parametrize(("width_px", "height_px"), [(80, 60), (81, 61), (1, 1), (1920, 1080)])
def test_a_frame_is_sent_with_its_size_and_colors(width_px: int, height_px: int) -> None:
    image = np.full((height_px, width_px, 3), (200, 120, 40), dtype=np.uint8)  # BGR
    _, sent = question("object-detection", "3", image)
    assert sent.size == (width_px, height_px)
    assert np.abs(np.asarray(sent.convert("RGB")).astype(int) - (40, 120, 200)).max() <= 4


def test_threads_share_a_model_and_its_connections(image_api: ImageApi) -> None:
    detector = RemoteDetector(InferenceServer(image_api.url, SECRET, model="det/3"), ModelRequest("det", 3))
    assert not detector.is_stateful
    pictures = [Picture.of(np.zeros((60, 80, 3), dtype=np.uint8)) for _ in range(40)]
    with ThreadPoolExecutor(4) as pool:
        entries = list(pool.map(detector.infer, pictures))
    assert [found["predictions"] for found in entries] == [[{**FOUND, "detection_id": "a"}]] * 40
    assert image_api.connections <= 4


INVALID_BOXES: list[Any] = [None, 7, "word", [], {}, {"predictions": 7}, {"predictions": [{"x": 1}]}]
INVALID: list[tuple[str, Any]] = [
    *(("object-detection", response) for response in INVALID_BOXES),
    ("object-detection", {"is_stub": True, "model_id": "some/3", "task_type": "object-detection"}),
    ("object-detection", {"predictions": [{**FOUND, "x": "left"}]}),
    ("object-detection", [entry(FOUND), entry(FOUND)]),
    ("classification", entry(FOUND | {"class": 7})),
    ("semantic-segmentation", {"predictions": {"segmentation_mask": "", "class_map": ["road"]}}),
    ("gaze-detection", [{"face": FOUND}]),
    ("clip-embed-image", {"embeddings": []}),
    ("clip-embed-image", {"embeddings": [["a"]]}),
]


@pytest.mark.parametrize(("task", "response"), INVALID)
def test_an_invalid_response_is_an_error(task: str, response: Any) -> None:
    name = {"gaze-detection": "gaze", "clip-embed-image": "clip"}.get(task, "some/3")
    with ImageApi(models={name: (task, response)}) as api:
        detector = RemoteDetector(
            InferenceServer(api.url, None, model=name), ModelRequest(name.partition("/")[0], 3, task)
        )
        with pytest.raises(ModelError, match=f"returned a response that is not {task}"):
            detector.infer(Picture.of(np.zeros((6, 8, 3), dtype=np.uint8)))
        assert len(api.asked) == 1


WITHOUT_FACES: list[Any] = [[], [{"predictions": [], "time": 0.1}], {"predictions": []}]


@pytest.mark.parametrize("response", WITHOUT_FACES)
def test_a_frame_without_a_face_is_an_empty_frame(response: Any) -> None:
    with ImageApi(models={"gaze": ("gaze-detection", response)}) as api:
        request = ModelRequest("gaze", 1, "gaze-detection")
        found = RemoteDetector(InferenceServer(api.url, None, model="gaze/1"), request)
        assert found.infer(Picture.of(np.zeros((6, 8, 3), dtype=np.uint8)))["predictions"] == []
