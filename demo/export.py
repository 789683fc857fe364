"""Export the trained detector to ONNX, with metadata, in the layout of common exports.

python -m demo.export build/demo/checkpoint.pt demo/models/parcels/2/model.onnx
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import Final

import onnx
import torch

from demo.dataset import INPUT_PX
from demo.model import STRIDES, Detector, Export
from demo.plan import CLASSES

OPSET: Final = 17


def export(checkpoint: Path, target: Path) -> None:
    """Write the exponential moving average of the weights in `checkpoint` as an ONNX file."""
    detector = Detector(len(CLASSES))
    detector.load_state_dict(torch.load(checkpoint, weights_only=True)["mean"])
    width, height = INPUT_PX
    buffer = io.BytesIO()
    torch.onnx.export(
        Export(detector).eval(),
        (torch.zeros(1, 3, height, width),),
        buffer,
        input_names=["images"],
        output_names=["output0"],
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load_from_string(buffer.getvalue())
    onnx.helper.set_model_props(model, _metadata())
    onnx.checker.check_model(model, full_check=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(model.SerializeToString())


def _metadata() -> dict[str, str]:
    width, height = INPUT_PX
    return {
        "description": "Parcels on conveyor belts, trained on rendered scenes only",
        "license": "Apache-2.0",
        "task": "detect",
        "stride": str(max(STRIDES)),
        "batch": "1",
        "imgsz": str([height, width]),
        "names": str(dict(enumerate(CLASSES))),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("target", type=Path)
    args = parser.parse_args()
    export(args.checkpoint, args.target)


if __name__ == "__main__":
    main()
