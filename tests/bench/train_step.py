"""The yardstick of tests/bench/train_bench.sh: nano-clip + AdaptFormer + PRODEN in plain PyTorch, tuned as a careful person would:
stacked query-key-value, scaled_dot_product_attention, fused Adam, no gradients for frozen weights, data as one tensor,
the post-step forward under no_grad. One thread, fp32.

    python3 train_step.py SNAPSHOT STEPS          # needs torch, numpy
"""
import json
import resource
import struct
import sys
import time

import torch
from torch.nn import functional as F

torch.set_num_threads(1)
torch.manual_seed(0)


def load(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = bytearray(file.read())
    return {name: torch.frombuffer(data, dtype=torch.float32, count=max(1, (e["data_offsets"][1] - e["data_offsets"][0]) // 4),
                                   offset=e["data_offsets"][0]).reshape(e["shape"]).clone()
            for name, e in header.items() if name != "__metadata__"}


class NanoClip:
    def __init__(self, w, blocks=4, heads=4):
        p = "vision_model."
        self.heads, self.blocks = heads, []
        self.patch = w[p + "embeddings.patch_embedding.weight"]
        self.cls, self.position = w[p + "embeddings.class_embedding"], w[p + "embeddings.position_embedding.weight"]
        self.pre = (w[p + "pre_layrnorm.weight"], w[p + "pre_layrnorm.bias"])
        self.post = (w[p + "post_layernorm.weight"], w[p + "post_layernorm.bias"])
        self.trained = []
        for i in range(blocks):
            n = f"{p}encoder.layers.{i}."
            get = lambda s: (w[n + s + ".weight"], w[n + s + ".bias"])
            qkv = tuple(torch.cat([w[f"{n}self_attn.{k}_proj.{t}"] for k in "qkv"]) for t in ("weight", "bias"))
            d = self.cls.numel()
            adapter = [torch.ones(d), torch.zeros(d), torch.randn(1, d) * (1 / (3 * d)) ** 0.5, torch.zeros(1), torch.zeros(d, 1),
                       torch.zeros(d), torch.ones(1)]
            adapter = [t.requires_grad_() for t in adapter]
            self.trained += adapter
            self.blocks.append((get("layer_norm1"), qkv, get("self_attn.out_proj"), get("layer_norm2"), get("mlp.fc1"), get("mlp.fc2"), adapter))

    def __call__(self, x):
        d = self.cls.numel()
        x = F.conv2d(x, self.patch, stride=self.patch.shape[-1]).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), 1, d), x], 1) + self.position
        x = F.layer_norm(x, (d,), *self.pre)
        B, T, _ = x.shape
        for norm1, qkv, out, norm2, fc1, fc2, (lw, lb, dw, db, uw, ub, scale) in self.blocks:
            q, k, v = F.linear(F.layer_norm(x, (d,), *norm1), *qkv).view(B, T, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
            x = x + F.linear(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, T, d), *out)
            y = F.linear(F.gelu(F.linear(F.layer_norm(x, (d,), *norm2), *fc1)), *fc2)
            x = x + y + scale * F.linear(F.relu(F.linear(F.layer_norm(x, (d,), lw, lb), dw, db)), uw, ub)
        return F.layer_norm(x[:, 0], (d,), *self.post)


def main():
    snapshot, steps = sys.argv[1], int(sys.argv[2])
    net = NanoClip(load(snapshot + "/model.safetensors"))
    N, C, B = 6000, 10, 128
    pictures = torch.randint(0, 256, (N, 28, 28, 1), dtype=torch.uint8)
    candidates = (torch.rand(N, C) < 0.3).float()
    candidates[torch.arange(N), torch.randint(0, C, (N,))] = 1
    confidence = candidates / candidates.sum(1, keepdim=True)
    head = F.normalize(torch.randn(C, 96)).requires_grad_()
    optimiser = torch.optim.Adam([head, *net.trained], lr=5e-4, weight_decay=1e-5, fused=True)

    def logits(ids):
        x = (pictures[ids].permute(0, 3, 1, 2).float() / 255 - 0.286) / 0.353
        return 25 * F.normalize(net(x.expand(-1, 3, -1, -1))) @ F.normalize(head).T

    def step(ids):
        z = logits(ids)
        loss = -(confidence[ids] * F.log_softmax(z, 1)).sum(1).mean()
        optimiser.zero_grad(set_to_none=False)
        loss.backward()
        optimiser.step()
        with torch.no_grad():
            confidence[ids] = logits(ids).masked_fill(candidates[ids] == 0, float("-inf")).softmax(1)

    order = torch.cat([torch.randperm(N) for _ in range(1 + steps * B // N)])
    for i in range(5):
        step(order[i * B:(i + 1) * B])
    begin = time.perf_counter()
    for i in range(steps):
        step(order[i * B:(i + 1) * B])
    elapsed = time.perf_counter() - begin
    print(json.dumps({"steps_per_s": steps / elapsed, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


main()
