#!/usr/bin/env python3
"""Weights that somebody downloaded: a snapshot folder is checked, planned with and trained on. The folder here is nano-clip,
exported from its run file, under the name of a larger model of its family: so the results must be nano-clip's own.

    tests/system/downloaded_weights.py --build build
"""
import csv
import io
import json
import shutil
import subprocess

from case import SOURCE, Case, contains, equal, story

SWEEP = """
[base]
dataset = "fashion-mnist"
data    = { samples = 400, test_samples = 200, first = 20000 }   # as nano-clip asks for
train   = { epochs = 1, batch = 64 }
method  = "ce"

[[grid]]
model = ["nano-clip", "clip-vit-b-32"]
adapt = ["linear-probe", "lora", "vpt-deep"]

[[grid]]
model = "clip-vit-b-32"
adapt = ["adapter", "vpt-shallow", "ssf-attn", "ssf-mlp", "ssf-ln", "mask", "bias-tuning", "ln-tuning", "full-tuning"]

[[grid]]
model = "clip-vit-b-32"
adapt = "adaptformer"
partial = [1, 2]
head = ["linear", "l2normed", "layernormed"]

[[grid]]
model = "clip-vit-b-32"
adapt = "linear-probe"
template = ["a {}.", "{}"]
train = { precision = "bf16" }
"""
EXPERIMENTS = 6 + 9 + 6 + 2


class Downloaded(Case):
    def __init__(self, build):
        super().__init__(build)
        self.sweep.write_text(SWEEP)

    def command(self, *options, ranks=0, trainer=()):
        return [str(self.build / "bin/winnow"), "run", str(self.sweep), "--store", str(self.store), *map(str, options)]


def weights_from_elsewhere(case):
    case.winnow("data", "check", "fashion-mnist")
    contains(case.winnow("run", case.sweep, code=2), "no weights of clip-vit-b-32 on this machine: download https://huggingface.co/")
    contains(case.winnow("model", "check", "clip-vit-b-33", code=2), "did you mean 'clip-vit-b-32'?")

    plan = json.loads(case.winnow("plan", SOURCE / "sweeps/quickstart.toml", "--json"))
    backbone = next(stage["identity"] for stage in plan["stages"] if stage["kind"] == "pretrain")
    folder = case.folder / "weights"
    case.winnow("snapshot", SOURCE / "results/reference/runs" / backbone[:2] / f"{backbone}.h5", folder, program="winnow-train")
    refused = case.winnow("model", "check", "siglip-vit-b-16", "--root", folder, code=2)
    contains(refused, "holds a model of the family clip; siglip-vit-b-16 is one of siglip: download https://huggingface.co/")
    # The preset says what a ViT-B/32 is; weights of another shape are taken where somebody says so, and remembered as such.
    refused = case.winnow("model", "check", "clip-vit-b-32", "--root", folder, code=2)
    contains(refused, "holds another model than clip-vit-b-32: blocks 4 instead of 12, image_size 28 instead of 224, patch 7 instead of 32, "
                      "text_width 64 instead of 512, width 96 instead of 768; download https://huggingface.co/")
    said = case.winnow("model", "check", "clip-vit-b-32", "--root", folder, "--any-shape")
    contains(said, "of another shape than clip-vit-b-32: blocks 4 instead of 12")
    contains(said, "tokenizer: vocab.json and merges.txt")
    contains(case.winnow("doctor"), "of another shape than the preset's (--any-shape)")
    contains(said, "fingerprint")
    contains(said, "clip: image tower of ")
    contains(said, "; text tower of ")
    contains(case.winnow("model", "list"), str(folder))

    # A prompt that no stage could encode is refused before any runs: on downloaded weights, and with the vocabulary that nano-clip learns.
    for model in ("clip-vit-b-32", "nano-clip"):
        long = case.folder / "long.toml"
        long.write_text(SWEEP.split("[[grid]]")[0] + f'template = "{"a photo of a {}" + ", seen from far away" * 5}."\n[[grid]]\nmodel = ["{model}"]\nadapt = ["linear-probe"]\n')
        refused = case.winnow("plan", long, code=2)
        contains(refused, f"; {model} takes 16")
        contains(refused, "the class '")
        long.write_text("".join(line for line in long.read_text().splitlines(True) if not line.startswith("template")).replace("[base]", '[base]\nhead_init = "random"'))
        case.winnow("plan", long)

    # Hugging Face's cache: files are links into blobs, of which one is gone.
    hub, blobs = case.folder / "hub", case.folder / "hub/blobs"
    shutil.copytree(folder, blobs)
    (hub / "snapshots/1").mkdir(parents=True)
    for file in blobs.iterdir():
        (hub / "snapshots/1" / file.name).symlink_to(f"../../blobs/{file.name}")
    case.winnow("model", "check", "clip-vit-l-14", "--root", hub, "--any-shape")
    (blobs / "model.safetensors").unlink()
    contains(case.winnow("model", "check", "clip-vit-l-14", "--root", hub, "--any-shape", code=2),
             "model.safetensors: a link to ../../blobs/model.safetensors, which is gone; download it again, or name another folder with --root")
    broken = subprocess.run([str(case.build / "bin/winnow"), "doctor"], env=case.environment, text=True, capture_output=True)
    contains(broken.stdout, "model.safetensors: a link to ../../blobs/model.safetensors, which is gone")
    equal(broken.returncode != 0, True, "doctor says that something is broken")

    code, text = case.run(timeout=400)
    equal(code, 0, "exit code: " + text)
    rows = list(csv.DictReader(io.StringIO(case.winnow("report", case.sweep, "--format", "csv", "--store", case.store))))
    equal(len(rows), EXPERIMENTS, "rows")
    value = {(row["model"], row["adapt"]): row["accuracy"] for row in rows[:6]}   # of the first grid
    for adapt in ("linear-probe", "lora", "vpt-deep"):
        equal(value["clip-vit-b-32", adapt], value["nano-clip", adapt], f"accuracy of {adapt} on the same weights")

    # One changed byte, and nothing is computed with it.
    merges = folder / "merges.txt"
    merges.write_text(merges.read_text() + "a b\n")
    case.sweep.write_text(SWEEP.replace("epochs = 1", "epochs = 2"))
    code, text = case.run(timeout=400)
    equal(code, 3, "exit code with changed weights: " + text)
    contains(text, "changed since they were checked")


if __name__ == "__main__":
    story(weights_from_elsewhere, Downloaded)
