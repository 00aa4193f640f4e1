"""Golden cases from Python: writes one from the tensors of a reference implementation, and checks that files are well formed.

    from case import write
    write("my-cases/loss-ce-intended", kind="loss", subject="ce", config={"dtype": "float64"}, source="numpy, by hand",
          tensors={"in.logits": z, "in.given": y, "out.loss": loss, "out.grad.logits": gradient})

    launch/python tests/golden/case.py check my-cases            what is malformed, one line each; exit code 1
    launch/python tests/golden/case.py show my-cases/loss-ce-intended
    build/bin/winnow-train golden my-cases                       does winnow compute the same?

tests/golden/README.md says what the kinds need; tests/system/golden_from_python.py makes two cases from scratch. Needs numpy.
"""
import json
import pathlib
import struct
import sys

import numpy as np

KINDS = ("method", "loss", "labels", "selection", "model", "peft", "tokenizer", "transform", "metric")
TYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "I64": np.int64, "I32": np.int32, "U8": np.uint8, "BOOL": np.bool_}
NAMES = {np.dtype(value): name for name, value in TYPES.items()}


def write(path, kind, subject, tensors, config=None, profile="intended", tolerance=(1e-9, 1e-9), source="", note="", also=()):
    """Writes PATH.json and PATH.safetensors. `tensors`: name -> array; in.*, draw.*, out.*. Numbers keep their types: make labels and indices int64,
    masks uint8, reals float64 or float32. Raises ValueError for what the runner would refuse."""
    path = pathlib.Path(path)
    arrays = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
    for name, array in arrays.items():
        if array.dtype not in NAMES:
            raise ValueError(f"{name}: type {array.dtype} is none of {', '.join(TYPES)}")
        if array.ndim == 0:
            arrays[name] = array.reshape(1)
    content = {"kind": kind, "subject": subject, "profile": profile, "config": config or {}, "tolerance": {"abs": tolerance[0], "rel": tolerance[1]}, "source": source}
    if note:
        content["note"] = note
    if also:
        content["also"] = list(also)
    content["tensors"] = {name: f"{NAMES[array.dtype].lower()} {list(array.shape)}" for name, array in sorted(arrays.items())}
    if found := faults(content, arrays):
        raise ValueError("; ".join(found))
    path.parent.mkdir(parents=True, exist_ok=True)
    write_safetensors(path.with_name(path.name + ".safetensors"), arrays)
    path.with_name(path.name + ".json").write_text(json.dumps(content) + "\n")


def read(path):
    """The content of PATH.json and the arrays of PATH.safetensors."""
    path = pathlib.Path(str(path).removesuffix(".json").removesuffix(".safetensors"))
    return json.loads(path.with_name(path.name + ".json").read_text()), read_safetensors(path.with_name(path.name + ".safetensors"))


def faults(content, arrays):
    """What is wrong with a case, one text each."""
    found = []
    for key in ("kind", "subject", "profile", "config", "tolerance", "source"):
        if key not in content:
            found.append(f"has no {key}")
    if content.get("kind") not in KINDS:
        found.append(f"kind '{content.get('kind')}' is none of {', '.join(KINDS)}")
    tolerance = content.get("tolerance", {})
    if not all(isinstance(tolerance.get(key), (int, float)) and tolerance[key] >= 0 for key in ("abs", "rel")):
        found.append("tolerance must be {\"abs\": a, \"rel\": r}, neither negative")
    for name, array in arrays.items():
        if not name.startswith(("in.", "draw.", "out.")):
            found.append(f"tensor {name} begins with none of in., draw., out.")
        if array.dtype.kind == "f" and name.startswith("out.") and np.isnan(array).any():
            found.append(f"tensor {name} has NaN, which equals nothing")
    if not any(name.startswith("out.") for name in arrays) and content.get("config", {}).get("expect") != "error":
        found.append("has no out.* tensor, so it proves nothing")
    described = content.get("tensors", {})
    for name, array in arrays.items():
        actual = f"{NAMES[array.dtype].lower()} {list(array.shape)}"
        if described and described.get(name) != actual:
            found.append(f"\"tensors\" says {described.get(name)} of {name}, which is {actual}")
    return found


def write_safetensors(path, arrays):
    header, offset = {}, 0
    for name, array in sorted(arrays.items()):
        header[name] = {"dtype": NAMES[array.dtype], "shape": list(array.shape), "data_offsets": [offset, offset + array.nbytes]}
        offset += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, array in sorted(arrays.items()):
            file.write(array.tobytes())


def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    length, = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        arrays[name] = np.frombuffer(data[8 + length + begin:8 + length + end], dtype=TYPES[entry["dtype"]]).reshape(entry["shape"])
    return arrays


def check(folder):
    bad = count = 0
    for file in sorted(pathlib.Path(folder).rglob("*.json")):
        if {"snapshots", "files"} & set(file.relative_to(folder).parts):
            continue
        count += 1
        try:
            problems = faults(*read(file))
        except (OSError, ValueError, KeyError, struct.error) as error:
            problems = [f"cannot be read: {error}"]
        for problem in problems:
            bad += 1
            print(f"{file}: {problem}")
    if not count:
        print(f"{folder}: no case in it")
    return 1 if bad or not count else 0


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        sys.exit(check(sys.argv[2]))
    if len(sys.argv) == 3 and sys.argv[1] == "show":
        content, arrays = read(sys.argv[2])
        print(json.dumps({key: value for key, value in content.items() if key != "tensors"}, indent=2))
        for name, array in arrays.items():
            print(f"{name}: {NAMES[array.dtype].lower()} {list(array.shape)}\n{array}")
        sys.exit(0)
    print(__doc__.strip(), file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
