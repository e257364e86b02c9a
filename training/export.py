"""Checkpoint -> ONNX (opset 17, free sides, weights stored as float16) and its golden patch.

Writes OUT/model.onnx, OUT/golden-input.f32, OUT/golden-output.f32 (logits) and OUT/classes.json. The
golden patch is what makes a silent mistake of axes or intensities impossible to install.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

import data
from generator import Options, sample
from labels import CLASSES, KEYS
from network import UNet, folded


def store_as_float16(model: onnx.ModelProto) -> None:
    """Halves the file: float16 initialisers with a Cast to float32 behind each; the speed stays."""
    casts = []
    kept = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if tensor.data_type != TensorProto.FLOAT or values.size < 64:
            kept.append(tensor)
            continue
        name = f"{tensor.name}.float16"
        kept.append(numpy_helper.from_array(values.astype(np.float16), name))
        casts.append(helper.make_node("Cast", [name], [tensor.name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--labels", type=Path, required=True, help="a label map for the golden patch")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--patch", type=int, default=64)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)

    kept = torch.load(options.checkpoint, map_location="cpu")
    net = UNet(len(KEYS), tuple(kept["widths"]))
    net.load_state_dict(kept["net"])
    net.eval()
    image, _ = sample(data.load(options.labels, 1)[0], Options(patch=options.patch),
                      torch.Generator().manual_seed(1), torch.device("cpu"))
    with torch.no_grad():
        before = net(image[None])
        net = folded(net)
        # What is exported has float16 weights, so the reference has them too.
        for p in net.parameters():
            p.copy_(p.half().float())
        after = net(image[None])
    shift = (before - after).abs().max().item()
    print(f"folding and float16 move the logits by at most {shift:.2e}")

    file = options.out / "model.onnx"
    sides = {2: "x", 3: "y", 4: "z"}
    torch.onnx.export(net, image[None], str(file), opset_version=17, input_names=["image"],
                      output_names=["logits"], dynamic_axes={"image": sides, "logits": sides})
    model = onnx.load(str(file))
    store_as_float16(model)
    onnx.checker.check_model(model)
    onnx.save(model, str(file))
    image.numpy().astype("<f4").tofile(options.out / "golden-input.f32")
    after.numpy().astype("<f4").tofile(options.out / "golden-output.f32")
    (options.out / "classes.json").write_text(json.dumps(
        {"patch": options.patch, "axes": "NCXYZ, LPS, 1 mm", "multiple": 2 ** (len(kept["widths"]) - 1),
         "normalisation": "percentile 0.5/99.5 to 0..1",
         "classes": [{"key": k, "zh": zh, "en": en, "snomed": code} for k, zh, en, code, _ in CLASSES]},
        ensure_ascii=False, indent=1))
    print(f"{file}: {file.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
