"""The safetensors container (format 0.4) with numpy alone: mapped when read."""
from __future__ import annotations

import json
import os
import pathlib
from typing import Any, Dict, Mapping, Tuple

import numpy

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?"}
_NAMES = {numpy.dtype(kind): name for name, kind in _TYPES.items()}


def read(path: pathlib.Path) -> Tuple[Dict[str, Any], Dict[str, str]]:
    """Arrays by name, mapped and read-only, and the file's metadata."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
    metadata: Dict[str, str] = header.pop("__metadata__", {})
    start = 8 + length
    size = path.stat().st_size
    whole = numpy.memmap(path, dtype="u1", mode="r") if size > start else numpy.zeros(size, "u1")
    arrays = {}
    for name, entry in header.items():
        first, last = entry["data_offsets"]
        arrays[name] = whole[start + first:start + last].view(_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays, metadata


def write(path: pathlib.Path, arrays: Mapping[str, Any], metadata: Mapping[str, str]) -> None:
    """Complete or absent."""
    header: Dict[str, Any] = {"__metadata__": dict(metadata)}
    offset, data = 0, []
    for name in sorted(arrays):
        array = numpy.ascontiguousarray(arrays[name])
        header[name] = {"dtype": _NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
        data.append(array)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(len(text).to_bytes(8, "little"))
        file.write(text)
        for array in data:
            file.write(array.tobytes())
    os.replace(part, path)


def writable(dtype: Any) -> bool:
    return numpy.dtype(dtype) in _NAMES
