"""What the parts of launch/test-gpu compute on, in one folder that needs nothing else: 8,000 images of Fashion-MNIST, nano-clip as a snapshot, presets
for both, a sweep. The same on the machine that builds and in a bundle."""
import gzip
import json
import pathlib
import shutil
import struct
import subprocess

IMAGES = {"train": ("train", 6000, 20000), "test": ("t10k", 2000, 0)}      # split: name in the data set's files, how many, from which on: nano-clip has seen the first
DATASET = """
layout  = "idx"
roots   = ["../../images"]
source  = "8,000 images of Fashion-MNIST (Xiao et al., 2017), for launch/test-gpu"
classes = ["t-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot"]

[files]
train_images = "train-images.gz"
train_labels = "train-labels.gz"
test_images  = "test-images.gz"
test_labels  = "test-labels.gz"

[expected]
classes = 10
train = 6000
test = 2000

[settings]
template = "a photo of a {}."
"""
MODEL = """
family = "clip"
roots  = ["../../nano-clip"]
source = "nano-clip of results/reference as a snapshot, for launch/test-gpu"
"""
SWEEP = """
name     = "gpu"
question = "Does a GPU compute what a CPU computes?"

[base]
dataset = "fashion-8000"
data    = { samples = 2000, test_samples = 500 }
model   = "nano-clip-snapshot"
adapt   = "adaptformer"
train   = { epochs = 2, batch = 64 }

[[grid]]
method = ["proden", "crdpll", "solar", "pico"]
labels = [{ kind = "flip", rate = 0.3 }]
seed   = [0, 1]
"""


def _cut(source, target, first, count, item):
    """`count` items of an idx file, each of so many bytes."""
    with gzip.open(source, "rb") as file:
        magic, = struct.unpack(">I", file.read(4))
        sizes = struct.unpack(f">{magic & 255}I", file.read(4 * (magic & 255)))
        file.seek(first * item, 1)
        body = file.read(count * item)
    if len(body) != count * item:
        raise SystemExit(f"launch/test-gpu: {source} has fewer than {first + count} items")
    with open(target, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) as file:
        file.write(struct.pack(f">{1 + len(sizes)}I", magic, count, *sizes[1:]) + body)


def write(source, build, folder):
    """Needs the data set's package and the programs of `build`."""
    shutil.rmtree(folder, ignore_errors=True)
    for name in ("images", "presets/datasets", "presets/models"):
        (folder / name).mkdir(parents=True)
    root = pathlib.Path("/usr/share/datasets/fashion-mnist")
    if not root.is_dir():
        raise SystemExit(f"launch/test-gpu: {root} is not there: launch/setup installs dataset-fashion-mnist")
    for split, (name, count, first) in IMAGES.items():
        _cut(root / f"{name}-images-idx3-ubyte.gz", folder / f"images/{split}-images.gz", first, count, 28 * 28)
        _cut(root / f"{name}-labels-idx1-ubyte.gz", folder / f"images/{split}-labels.gz", first, count, 1)
    (folder / "presets/datasets/fashion-8000.toml").write_text(DATASET)
    (folder / "presets/models/nano-clip-snapshot.toml").write_text(MODEL)
    (folder / "gpu.toml").write_text(SWEEP)
    winnow = str(build / "bin/winnow")
    subprocess.run([winnow, "data", "check", "fashion-mnist"], check=True, stdout=subprocess.DEVNULL)   # without its fingerprint the plan has no identities
    plan = json.loads(subprocess.run([winnow, "plan", str(source / "sweeps/gallery.toml"), "--json", "--reference", str(source / "results/reference")],
                                     stdout=subprocess.PIPE, text=True, check=True).stdout)
    backbone = next(stage["inputs"]["backbone"]["stage"] for stage in plan["stages"] if "backbone" in stage["inputs"])
    run, = (source / "results/reference/runs").glob(f"*/{backbone}.h5")
    subprocess.run([str(build / "bin/winnow-train"), "snapshot", str(run), str(folder / "nano-clip")], check=True, stdout=subprocess.DEVNULL)
