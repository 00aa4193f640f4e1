#!/usr/bin/env python3
"""Trained models taken out of winnow and loaded by transformers and timm: they compute what winnow computed. The backbones are tiny, at random, and saved by
those libraries themselves.

    tests/system/exported_models.py --build build [NAME...]
"""
import json
import os
import subprocess

from case import SOURCE, Case, Skip, contains, each, equal

PYTHON = "/usr/bin/python3"                       # for which the wheels are
TOLERANCE = 2e-4                                  # of logits, whose size is about 1

BACKBONES = r"""
import json, pathlib, sys
import torch
from transformers import ConvNextConfig, ConvNextModel, ResNetConfig, ResNetModel, SiglipConfig, SiglipModel, ViTConfig, ViTForImageClassification, ViTMAEConfig, ViTMAEForPreTraining
import timm
from safetensors.torch import save_file

torch.manual_seed(0)
vit = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64, image_size=28, patch_size=7)
text = dict(hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64, vocab_size=50, max_position_embeddings=8)
models = {
    "vit": ViTForImageClassification(ViTConfig(**vit, num_labels=7)),
    "mae": ViTMAEForPreTraining(ViTMAEConfig(**vit, decoder_hidden_size=16, decoder_num_hidden_layers=1, decoder_num_attention_heads=2, decoder_intermediate_size=32)),
    "convnext": ConvNextModel(ConvNextConfig(num_stages=3, hidden_sizes=[8, 16, 32], depths=[1, 1, 1], patch_size=2, image_size=28)),
    "resnet": ResNetModel(ResNetConfig(embedding_size=8, hidden_sizes=[16, 32], depths=[1, 1], layer_type="basic")),
    "siglip": SiglipModel(SiglipConfig(vision_config=vit, text_config=text)),
}
for name, model in models.items():
    folder = pathlib.Path(sys.argv[1]) / name
    model.save_pretrained(folder, safe_serialization=True)
    kind = {"siglip": "SiglipImageProcessor", "vit": "ViTImageProcessor", "mae": "ViTImageProcessor"}.get(name, "ConvNextImageProcessor")
    (folder / "preprocessor_config.json").write_text(json.dumps({"image_processor_type": kind, "image_mean": [0.4, 0.5, 0.6], "image_std": [0.2, 0.3, 0.4], "size": {"height": 28, "width": 28}}))
arguments = {"timm-vit": ("vit_tiny_patch16_224", dict(img_size=28, patch_size=7, embed_dim=32, depth=2, num_heads=2)),
             "timm-resnet": ("resnet18", {}), "timm-convnext": ("convnext_tiny", dict(depths=[1, 1, 1, 1], dims=[8, 16, 32, 64]))}
for name, (architecture, own) in arguments.items():
    folder = pathlib.Path(sys.argv[1]) / name
    folder.mkdir()
    side = 28 if name == "timm-vit" else 32
    model = timm.create_model(architecture, num_classes=5, **own)
    save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps({"architecture": architecture, "num_classes": 5, "num_features": model.num_features, "model_args": own, "pretrained_cfg": {
        "input_size": [3, side, side], "mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4], "interpolation": "bicubic", "crop_pct": 1.0, "num_classes": 5}}))
"""

# Logits of a folder as whoever finds it computes them: by the library that it names, and by what winnow.json says of the head.
LOGITS = r"""
import json, pathlib, sys
import numpy, torch, torch.nn.functional as F
from PIL import Image
folder, arrays = pathlib.Path(sys.argv[1]), numpy.load(sys.argv[2])
facts = json.loads((folder / "winnow.json").read_text())
side = facts["images"]["size"]
def pixels(image):
    resized = numpy.asarray(Image.fromarray(image).resize((side, side), Image.BILINEAR), "f4") / 255
    return (numpy.stack([resized] * 3) - numpy.array(facts["images"]["mean"])[:, None, None]) / numpy.array(facts["images"]["std"])[:, None, None]
pixel_values = torch.tensor(numpy.stack([pixels(image) for image in arrays["images"]])).float()
if facts["library"] == "timm":
    import timm
    # By its path: of a local-dir timm 1.0.22 reads no safetensors.
    model = timm.create_model(f"local-dir:{folder}", checkpoint_path=str(folder / "model.safetensors")).eval()
    loaded = {"missing_keys": [], "unexpected_keys": []}    # timm's loading is strict
else:
    import transformers
    model, loaded = getattr(transformers, facts["loader"]).from_pretrained(folder, output_loading_info=True)
    assert type(transformers.AutoConfig.from_pretrained(folder)).__name__ == type(model.config).__name__
    assert model.dtype == torch.float32, model.dtype
    model = model.eval()
spurious = [key for key in loaded["missing_keys"] if "pooler" not in key and "num_batches_tracked" not in key]
assert not spurious and not loaded["unexpected_keys"] and not loaded.get("mismatched_keys"), loaded
with torch.no_grad():
    head = facts["head"]
    if "file" not in head:
        logits = model(pixel_values)
        logits = logits if isinstance(logits, torch.Tensor) else logits.logits
        names = list(model.config.id2label.values()) if facts["library"] == "transformers" else json.loads((folder / "config.json").read_text())["label_names"]
        assert names == facts["classes"] and len(names) == logits.shape[1], names
    else:
        from safetensors.torch import load_file
        given = load_file(folder / head["file"])
        known = {"feature": eval(head["feature"], {"model": model, "pixel_values": pixel_values}), "normalize": F.normalize, "layer_norm": F.layer_norm, "scale": head.get("scale"), **given}
        logits = eval(head["logits"], known)
numpy.save(sys.argv[3], logits.numpy())
"""

PRESET = 'family = "{family}"\nroots = ["{root}"]\n[settings]\nhead_init = "random"\n'

SWEEP = """
[base]
dataset = "fashion-mnist"
data = {{ samples = 300, test_samples = 60, first = 20000 }}
labels = {{ kind = "symmetric", rate = 0.2 }}
method = "ce"
train = {{ epochs = 1, batch = 64, lr = 1e-2 }}
views = {{ test = "plain" }}
keep_weights = true
[[grid]]
zip = [
{rows}
]
"""


class Models(Case):
    def __init__(self, build):
        super().__init__(build)
        self.python = dict(os.environ, PYTHONPATH=f"{SOURCE}/deps/tests:{SOURCE}/deps/site", HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", OMP_NUM_THREADS="1")
        trial = subprocess.run([PYTHON, "-c", "import numpy, torch, transformers, timm"], env=self.python, capture_output=True, text=True)
        if trial.returncode:
            self.close()
            raise Skip(f"no transformers and timm beside the wheel's torch ({trial.stderr.strip().splitlines()[-1]}): launch/setup --tests")
        self.winnow("data", "check", "fashion-mnist")

    def run_python(self, code, *arguments):
        process = subprocess.run([PYTHON, "-W", "ignore", "-c", code, *map(str, arguments)], env=self.python, capture_output=True, text=True, timeout=280)
        equal(process.returncode, 0, f"exit code of Python: {process.stderr[-3000:]}")

    def models(self):
        """Presets of the tiny models, checked on this machine."""
        self.run_python(BACKBONES, self.folder)
        presets = self.folder / "presets/models"
        presets.mkdir(parents=True)
        for name, family in {"vit": "vit", "mae": "vit_mae", "convnext": "convnext", "resnet": "resnet", "siglip": "siglip", "timm-vit": "vit", "timm-resnet": "resnet",
                             "timm-convnext": "convnext"}.items():
            (presets / f"my-{name}.toml").write_text(PRESET.format(family=family, root=self.folder / name))
            self.winnow("model", "check", f"my-{name}", "--presets", self.folder / "presets")

    def stages(self, rows):
        """The trainings of a sweep of these rows, in their order, as JSON."""
        self.sweep.write_text(SWEEP.format(rows="".join("  { " + row + " },\n" for row in rows)))
        planned = json.loads(self.winnow("plan", self.sweep, "--store", self.store, "--json"))["stages"]
        return [stage for stage in planned if stage["kind"] == "train"]

    def computed(self, stage, number):
        """Its run file, which keeps predictions, too, so that there is something to compare with."""
        file, run = self.folder / f"stage-{number}.json", self.folder / f"run-{number}.h5"
        stage["outputs"] = sorted({*stage["outputs"], "predictions"})
        stage.pop("identity")
        file.write_text(json.dumps(stage))
        self.winnow("stage", file, "--output", run, "--reference", SOURCE / "results/reference", program="winnow-train")
        return run

    def difference(self, run, folder):
        """The largest one between winnow's logits of its test images and the library's."""
        import h5py
        import numpy

        with h5py.File(run, "r") as file:
            own, samples = file["predictions/logits"][()], file["predictions/samples"][()]
        images = self.test_images()[samples]
        numpy.savez(self.folder / "images.npz", images=images)
        self.run_python(LOGITS, folder, self.folder / "images.npz", self.folder / "logits.npy")
        return float(numpy.abs(own - numpy.load(self.folder / "logits.npy")).max())

    def test_images(self):
        import gzip

        import numpy

        return numpy.frombuffer(gzip.open("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz").read(), "u1", offset=16).reshape(-1, 28, 28)


def load_in_transformers_and_timm(case):
    case.models()
    linear, rows_of_one = 'head = "linear"', 'head = "l2normed"'
    rows = {                                          # what is trained, and what loads it
        f'model = "my-vit", adapt = "lora", {linear}': "ViTForImageClassification of transformers; what lora trained is merged into its weights, which is exact; its classifier is the trained head, 10 classes",
        f'model = "my-vit", adapt = "ssf-mlp", {rows_of_one}': "ViTForImageClassification",
        'model = "my-vit", adapt = "ssf-attn"': "ViTModel of transformers; what ssf-attn trained is merged into its weights, which is exact; the trained head (cosine, 10 classes) lies beside it",
        f'model = "my-mae", adapt = "full-tuning", {linear}': "ViTForImageClassification",
        f'model = "my-convnext", adapt = "full-tuning", {linear}': "ConvNextForImageClassification",
        f'model = "my-resnet", adapt = "bn-tuning", {linear}': "ResNetForImageClassification",
        'model = "my-siglip", adapt = "mask", head = "layernormed"': "SiglipModel",
        f'model = "my-timm-vit", adapt = "lora", {linear}': "vit_tiny_patch16_224 of timm",
        'model = "my-timm-vit", adapt = "ssf-ln"': "vit_tiny_patch16_224 of timm; what ssf-ln trained is merged into its weights, which is exact; the trained head (cosine",
        f'model = "my-timm-resnet", adapt = "full-tuning", {linear}': "resnet18 of timm",
        f'model = "my-timm-convnext", adapt = "bias-tuning", {linear}': "convnext_tiny of timm",
        f'model = "nano-clip", adapt = "lora", head_init = "random", {linear}': "CLIPModel of transformers",
        'model = "nano-clip", adapt = "linear-probe"': "CLIPModel of transformers; its tower is the one before training; the trained head (cosine",
    }
    for number, (stage, (row, wanted)) in enumerate(zip(case.stages(rows), rows.items())):
        run, folder = case.computed(stage, number), case.folder / f"exported-{number}"
        contains(case.winnow("model", "export", run, folder, "--store", case.store, "--reference", SOURCE / "results/reference"), wanted)
        difference = case.difference(run, folder)
        equal(difference < TOLERANCE, True, f"{row}: the same logits, up to {TOLERANCE}: {difference}")


def what_cannot_be_taken_away_is_said(case):
    rows = ['model = "nano-clip", adapt = "adaptformer"', 'model = "nano-clip", adapt = "linear-probe"', 'model = "nano-clip", adapt = "linear-probe", keep_weights = false']
    stages = case.stages(rows)
    runs = [case.computed(stage, number) for number, stage in enumerate(stages)]
    store = ("--store", case.store, "--reference", SOURCE / "results/reference")
    folder = case.folder / "taken"
    refused = case.winnow("model", "export", runs[0], folder, *store, code=2)
    contains(refused, "adapt = adaptformer: it adds layers or tokens that no weights of transformers' or timm's network can stand for; --weights-alone")
    equal([refused.count("\n"), folder.exists()], [1, False], "one line, and nothing is written")
    contains(case.winnow("model", "export", runs[0], folder, "--weights-alone", *store), "trained tensors of ce, as its run file has them")
    equal(sorted(file.name for file in folder.iterdir()), ["weights.safetensors", "winnow.json"], "nothing that a library would load for the model")
    contains(case.winnow("model", "export", runs[1], folder, *store, code=2), "is there already")
    contains(case.winnow("model", "export", runs[2], case.folder / "bare", *store, code=2), "keeps no weights: `winnow run SWEEP --set keep_weights=true`")
    contains(case.winnow("model", "export", "ffffffff", case.folder / "bare", "--store", SOURCE / "results/reference", code=2), "is neither a file nor the beginning of an identity")
    contains(case.winnow("model", "export", runs[1], case.folder / "bare", "--store", case.store, "--reference", case.folder, code=2), "name its store with --reference")
    equal((case.folder / "bare").exists(), False, "a folder of what was refused")


TESTS = [load_in_transformers_and_timm, what_cannot_be_taken_away_is_said]

if __name__ == "__main__":
    each(TESTS, Models)
