"""Stands for what a user has: images in a folder for each class, and a backbone as timm saves one (config.json, model.safetensors). Here both are drawn."""
import json
import pathlib
import struct
import zlib

import numpy

HERE = pathlib.Path(__file__).resolve().parent
SIDE, WIDTH, BLOCKS, PATCH = 32, 192, 2, 8
random = numpy.random.default_rng(0)


def png(pixels):
    """height x width x 3, uint8."""
    chunk = lambda kind, data: struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", *pixels.shape[1::-1], 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def draw():
    for split, many in (("train", 40), ("test", 20)):
        for channel, name in enumerate(("cardinal", "parrot", "jay")):
            folder = HERE / "birds" / split / name
            folder.mkdir(parents=True, exist_ok=True)
            for i in range(many):
                pixels = random.integers(0, 120, (SIDE, SIDE, 3), dtype=numpy.uint8)
                pixels[8:24, 8:24, channel] += 100
                (folder / f"{i:03}.png").write_bytes(png(pixels))


def write_backbone():
    normal = lambda *shape: random.normal(0, 0.02, shape).astype("f4")
    one, zero = (lambda n: numpy.ones(n, "f4")), (lambda n: numpy.zeros(n, "f4"))
    tensors = {"cls_token": normal(1, 1, WIDTH), "pos_embed": normal(1, (SIDE // PATCH) ** 2 + 1, WIDTH), "patch_embed.proj.weight": normal(WIDTH, 3, PATCH, PATCH) * 5,
               "patch_embed.proj.bias": zero(WIDTH), "norm.weight": one(WIDTH), "norm.bias": zero(WIDTH), "head.weight": normal(1000, WIDTH), "head.bias": zero(1000)}
    for b in range(BLOCKS):
        for name, rows, columns in (("attn.qkv", 3 * WIDTH, WIDTH), ("attn.proj", WIDTH, WIDTH), ("mlp.fc1", 4 * WIDTH, WIDTH), ("mlp.fc2", WIDTH, 4 * WIDTH)):
            tensors |= {f"blocks.{b}.{name}.weight": normal(rows, columns), f"blocks.{b}.{name}.bias": zero(rows)}
        for norm in ("norm1", "norm2"):
            tensors |= {f"blocks.{b}.{norm}.weight": one(WIDTH), f"blocks.{b}.{norm}.bias": zero(WIDTH)}
    folder = HERE / "my-vit"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps({
        "architecture": "vit_tiny_patch16_224", "num_classes": 1000, "num_features": WIDTH, "model_args": {"depth": BLOCKS, "img_size": SIDE, "patch_size": PATCH},
        "pretrained_cfg": {"input_size": [3, SIDE, SIDE], "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic", "crop_pct": 1.0}}))
    header, data = {}, b""
    for name, tensor in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(tensor.shape), "data_offsets": [len(data), len(data) + tensor.nbytes]}
        data += tensor.tobytes()
    text = json.dumps(header).encode()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    draw()
    write_backbone()
