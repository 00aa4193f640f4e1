#!/usr/bin/python3
"""launch/convert-labels on miniatures of the real pickles, whole and hostile."""
import argparse
import json
import os
import pathlib
import pickle
import struct
import subprocess
import sys
import tempfile
import zipfile

try:
    import numpy
except ImportError:
    print("skipped: needs numpy, to write pickles as the data sets' authors did: run launch/setup and start it with launch/python")
    sys.exit(77)

SCRIPT = pathlib.Path(__file__).resolve().parents[2] / "launch" / "convert-labels"


def tensors(path):
    content = path.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    header, data = json.loads(content[8:8 + length]), content[8 + length:]
    return header.pop("__metadata__"), {name: data[slice(*entry["data_offsets"])] for name, entry in header.items()}


def int64s(data):
    return list(struct.unpack(f"<{len(data) // 8}q", data))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", required=True)
    parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)

        def convert(*words):
            return subprocess.run([SCRIPT, *map(str, words)], capture_output=True, text=True, cwd=folder)

        def refused(message, *words):
            result = convert(*words)
            assert result.returncode == 1 and message in result.stderr and result.stderr.count("\n") == 1, (words, result)

        (folder / "py").mkdir()
        pixels = numpy.arange(2 * 3072, dtype=numpy.uint8).reshape(2, 3072)
        for batch in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch"]:
            (folder / "py" / batch).write_bytes(pickle.dumps({"data": pixels, "labels": [3, 7]}, protocol=2))
        assert convert("cifar", "py", "out").returncode == 0
        record = (folder / "out" / "data_batch_2.bin").read_bytes()
        assert record[0] == 3 and record[3073] == 7 and record[1:3073] == pixels[0].tobytes() and len(record) == 2 * 3073
        assert len(json.loads((folder / "out" / "converted.json").read_text())["sha256"]) == 6

        clean = numpy.array([3, 7] * 5)
        human = {"clean_label": clean, "aggre_label": clean * 0 + 3, "worse_label": clean, "random_label1": [3] * 10, "random_label2": clean, "random_label3": clean}
        def save(path, content):
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr("archive/data.pkl", pickle.dumps(content, protocol=2))
        save(folder / "human.pt", human)
        result = convert("cifar-n", "human.pt", "out")
        assert result.returncode == 0, result
        metadata, found = tensors(folder / "out" / "labels" / "aggregate.safetensors")
        assert int64s(found["given"]) == [3] * 10 and int64s(found["clean"]) == clean.tolist() and metadata["noise_rate"] == "0.500000", metadata
        assert len(metadata["sha256"]) == 64
        assert int64s(tensors(folder / "out" / "labels" / "random-1.safetensors")[1]["given"]) == [3] * 10
        save(folder / "moved.pt", dict(human, clean_label=clean[::-1].copy()))
        refused("10 of 10 clean labels are not those of the images", "cifar-n", "moved.pt", "out")
        refused("holds no converted CIFAR", "cifar-n", "human.pt", "elsewhere")

        # All of CIFAR: the shares of wrong labels are the published ones, or it is another file (docs/methods/noisy-labels.md#12).
        truth = numpy.arange(50000) % 10
        records = numpy.zeros((10000, 3073), dtype=numpy.uint8)
        (folder / "whole").mkdir()
        for batch in range(5):
            records[:, 0] = truth[10000 * batch:10000 * (batch + 1)]
            records.tofile(folder / "whole" / f"data_batch_{batch + 1}.bin")
        records[:, 0] = truth[:10000]
        records.tofile(folder / "whole" / "test_batch.bin")
        def wrong(share):
            labels = truth.copy()
            count = round(50000 * share)
            labels[:count] = (labels[:count] + 1) % 10
            return labels
        published = {"aggre_label": 0.0901, "worse_label": 0.4021, "random_label1": 0.1723, "random_label2": 0.1812, "random_label3": 0.1764}
        whole = {"clean_label": truth, **{key: wrong(rate) for key, rate in published.items()}}
        save(folder / "shifted.pt", dict(whole, worse_label=numpy.roll(whole["worse_label"], 1)))
        refused("of worse_label differ from clean_label, of the published labels 0.4021: another set, or another order of the samples",
                "cifar-n", "shifted.pt", "whole")
        save(folder / "exchanged.pt", dict(whole, random_label1=whole["random_label3"]))
        refused("0.1764 of random_label1 differ from clean_label, of the published labels 0.1723", "cifar-n", "exchanged.pt", "whole")
        assert not (folder / "whole" / "labels").exists(), "nothing of a file that is refused is kept"
        save(folder / "whole.pt", whole)
        result = convert("cifar-n", "whole.pt", "whole")
        assert result.returncode == 0, result
        for name, rate in (("aggregate", "0.090100"), ("worst", "0.402100"), ("random-1", "0.172300"), ("random-2", "0.181200"), ("random-3", "0.176400")):
            assert tensors(folder / "whole" / "labels" / f"{name}.safetensors")[0]["noise_rate"] == rate

        sets = {i: [[int(y)], [1, 2], [int(y), 4]] for i, y in enumerate(clean)}
        (folder / "pl.pkl").write_bytes(pickle.dumps(sets))
        assert convert("plcifar10", "pl.pkl", "out").returncode == 0
        metadata, found = tensors(folder / "out" / "labels" / "vaguest.safetensors")
        assert found["candidates"][:10] == bytes([0, 1, 1, 0, 0, 0, 0, 0, 0, 0]) and metadata["noise_rate"] == "1.000000", metadata
        _, found = tensors(folder / "out" / "labels" / "aggregate.safetensors")
        assert found["candidates"][:10] == bytes([0, 1, 1, 1, 1, 0, 0, 0, 0, 0])
        (folder / "pl.pkl").write_bytes(pickle.dumps({**sets, 3: [[]]}))
        refused("sample 3 has an empty set", "plcifar10", "pl.pkl", "out")

        class Evil:
            def __reduce__(self):
                return os.system, ("touch " + str(folder / "touched"),)
        (folder / "evil.pkl").write_bytes(pickle.dumps(Evil()))
        refused("which labels have no need of", "plcifar10", "evil.pkl", "out")
        assert not (folder / "touched").exists()
        (folder / "broken.pkl").write_bytes(b"\x80\x02garbage")
        refused("no pickle of labels", "plcifar10", "broken.pkl", "out")
        refused("No such file", "plcifar10", "absent.pkl", "out")
        # What else lies in CIFAR-N's repository.
        numpy.save(folder / "CIFAR-10_human_ordered.npy", clean)
        refused("CIFAR-10_human_ordered.npy: a NumPy array (.npy)", "cifar-n", "CIFAR-10_human_ordered.npy", "out")
        refused("read CIFAR-10_human.pt", "cifar-n", "CIFAR-10_human_ordered.npy", "out")
        (folder / "side_info_cifar10N.csv").write_text("Image-batch,Worker1-id,Work-time-in-seconds\n00000 -- 00009,1,161.6\n")
        refused("side_info_cifar10N.csv: a text with commas (.csv)", "cifar-n", "side_info_cifar10N.csv", "out")


if __name__ == "__main__":
    main()
