"""The yardstick of tests/bench/model_bench.sh: CLIP ViT-B/16's image tower, and an AdaptFormer step on it, in plain PyTorch, tuned as a careful
person would (train_step.py), fp32, from the same snapshot.

    python3 model_step.py forward|step FOLDER ROWS REPEATS THREADS          # needs torch
"""
import json
import resource
import sys
import time

import torch
from torch.nn import functional as F

what, folder, rows, repeats, threads = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
torch.set_num_threads(threads)
with open(f"{folder}/model.safetensors", "rb") as file:
    length = int.from_bytes(file.read(8), "little")
    header = json.loads(file.read(length))
    start, w = 8 + length, {}
    for name, entry in header.items():
        if name.startswith(("vision_model.", "visual_projection")):
            file.seek(start + entry["data_offsets"][0])
            data = bytearray(file.read(entry["data_offsets"][1] - entry["data_offsets"][0]))
            w[name] = torch.frombuffer(data, dtype=torch.float32).reshape(entry["shape"])

p, d, heads = "vision_model.", 768, 12
pair = lambda name: (w[name + ".weight"], w[name + ".bias"])
blocks, trained = [], []
for i in range(12):
    n = f"{p}encoder.layers.{i}."
    qkv = tuple(torch.cat([w[f"{n}self_attn.{k}_proj.{t}"] for k in "qkv"]) for t in ("weight", "bias"))
    own = [torch.ones(d), torch.zeros(d), torch.randn(4, d) * (1 / (3 * d)) ** 0.5, torch.zeros(4), torch.zeros(d, 4), torch.zeros(d), torch.ones(1)]
    if what == "step":
        own = [t.requires_grad_() for t in own]
        trained += own
    blocks.append((pair(n + "layer_norm1"), qkv, pair(n + "self_attn.out_proj"), pair(n + "layer_norm2"), pair(n + "mlp.fc1"), pair(n + "mlp.fc2"), own))
patch, cls, position = w[p + "embeddings.patch_embedding.weight"], w[p + "embeddings.class_embedding"], w[p + "embeddings.position_embedding.weight"]
pre, post = pair(p + "pre_layrnorm"), pair(p + "post_layernorm")


def encode(x):
    B = len(x)
    x = F.conv2d(x, patch, stride=16).flatten(2).transpose(1, 2)
    x = F.layer_norm(torch.cat([cls.expand(B, 1, d), x], 1) + position, (d,), *pre)
    T = x.shape[1]
    for norm1, qkv, out, norm2, fc1, fc2, (lw, lb, dw, db, uw, ub, scale) in blocks:
        q, k, v = F.linear(F.layer_norm(x, (d,), *norm1), *qkv).view(B, T, 3, heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        x = x + F.linear(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, T, d), *out)
        y = F.linear(F.gelu(F.linear(F.layer_norm(x, (d,), *norm2), *fc1)), *fc2)
        if what == "step":
            y = y + scale * F.linear(F.relu(F.linear(F.layer_norm(x, (d,), lw, lb), dw, db)), uw, ub)
        x = x + y
    return F.layer_norm(x[:, 0], (d,), *post)


pixels = torch.linspace(-1, 1, rows * 3 * 224 * 224).view(rows, 3, 224, 224)
best = 1e9
for _ in range(repeats):
    begin = time.perf_counter()
    if what == "step":
        gradients = torch.autograd.grad(encode(pixels).square().mean(), trained)
        with torch.no_grad():
            torch._foreach_sub_(trained, gradients, alpha=1e-4)
    else:
        with torch.inference_mode():
            encode(pixels)
    best = min(best, time.perf_counter() - begin)
print(json.dumps({"seconds": best, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
