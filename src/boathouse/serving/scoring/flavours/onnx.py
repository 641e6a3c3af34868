"""ONNX, by onnxruntime: one thread, on the CPU."""

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any, cast

import numpy as np

from boathouse.serving.scoring.flavours.native import Form, Native, NotNative
from boathouse.serving.scoring.mlmodel import ModelFolder


def check(folder: ModelFolder) -> None:
    """
    Raises:
        NotNative: onnxruntime is not here.
    """
    if find_spec("onnxruntime") is None:
        raise NotNative("onnxruntime is not installed")


def load(folder: ModelFolder) -> Native:
    """The model as a function over arrays, or over the columns of a frame.

    Raises:
        NotNative: It has several inputs, and a signature without names.
    """
    import onnxruntime

    conf = folder.flavors.get("onnx", {})
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session: Any = onnxruntime.InferenceSession(
        str(folder.path / str(conf.get("data", "model.onnx"))), options, providers=["CPUExecutionProvider"]
    )
    inputs = {each.name: each.type for each in session.get_inputs()}
    outputs = [each.name for each in session.get_outputs()]
    signature = folder.signature
    is_tensor = signature is not None and bool(signature.tensors)
    singles = {name for name, kind in inputs.items() if kind == "tensor(float)"}

    def run(feeds: Mapping[str, Any]) -> list[Any]:
        wanted = {
            name: array.astype(np.float32) if name in singles and array.dtype == np.float64 else array
            for name, array in feeds.items()
        }
        return session.run(outputs, wanted)

    if is_tensor:
        first = next(iter(inputs))

        def of_arrays(arrays: Any, params: Mapping[str, Any] | None) -> Any:
            feeds = cast("dict[str, Any]", arrays) if isinstance(arrays, dict) else {first: arrays}
            return dict(zip(outputs, run(feeds), strict=True))

        if len(inputs) != 1 and signature is not None and not signature.has_names:
            raise NotNative("it has several inputs, and its signature names none")
        return Native(of_arrays, Form.TENSORS)

    def of_frame(frame: Any, params: Mapping[str, Any] | None) -> Any:
        if len(inputs) == 1:
            found = run({next(iter(inputs)): frame.to_numpy()})
        else:
            found = run({name: frame[name].to_numpy() for name in inputs})
        columns = [np.asarray(each).reshape(-1).tolist() for each in found]
        return [dict(zip(outputs, row, strict=True)) for row in zip(*columns, strict=True)]

    return Native(of_frame, Form.FRAME)
