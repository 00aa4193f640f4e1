"""The yardstick of tests/bench/dual_prompts_bench.sh: DeFT's first phase as its code computes it, in plain PyTorch on one thread of the CPU: CLIP
ViT-B/16 with 20 VPT-deep prompts, each of the two prompt sets a forward of its own over all 77 tokens of C texts, an additive causal mask.
Towers as launches_step.py has them. Processor time; prints a line of JSON.

    python3 dual_prompts_step.py CLIP CLASSES ROWS STEPS
"""
import json
import math
import resource
import statistics
import sys
import time
from pathlib import Path

import torch
from torch.nn import functional as F

sys.argv, (folder, C, rows, steps) = sys.argv[:1], (sys.argv[1], *map(int, sys.argv[2:5]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from train_step import load  # noqa: E402

torch.set_num_threads(1)
torch.manual_seed(0)
w = load(folder + "/model.safetensors")
TOKENS, VECTORS, PROMPTS = 77, 16, 20


def blocks(prefix, heads):
    get = lambda name: (w[name + ".weight"], w[name + ".bias"])
    for i in range(12):
        n = f"{prefix}encoder.layers.{i}."
        qkv = tuple(torch.cat([w[f"{n}self_attn.{k}_proj.{t}"] for k in "qkv"]) for t in ("weight", "bias"))
        yield get(n + "layer_norm1"), qkv, get(n + "self_attn.out_proj"), get(n + "layer_norm2"), get(n + "mlp.fc1"), get(n + "mlp.fc2")


def block(x, parts, heads, mask=None):
    norm1, qkv, out, norm2, fc1, fc2 = parts
    B, T, d = x.shape
    q, k, v = F.linear(F.layer_norm(x, (d,), *norm1), *qkv).view(B, T, 3, heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
    x = x + F.linear(F.scaled_dot_product_attention(q, k, v, attn_mask=mask).transpose(1, 2).reshape(B, T, d), *out)
    return x + F.linear(F.gelu(F.linear(F.layer_norm(x, (d,), *norm2), *fc1)), *fc2)


class Prompts:
    def __init__(self):
        p = "text_model."
        tokens, self.positions = w[p + "embeddings.token_embedding.weight"], w[p + "embeddings.position_embedding.weight"]
        self.context = (0.02 * torch.randn(VECTORS, 512)).requires_grad_()
        names = torch.randint(0, len(tokens), (C, TOKENS - 1 - VECTORS))
        self.start, self.names = tokens[:1].expand(C, 1, 512), tokens[names]
        self.last, self.out = (w[p + "final_layer_norm.weight"], w[p + "final_layer_norm.bias"]), w["text_projection.weight"]

    def __call__(self):
        x = torch.cat([self.start, self.context.expand(C, -1, -1), self.names], 1) + self.positions
        for parts in TEXT:
            x = block(x, parts, 8, MASK)
        return F.normalize(F.linear(F.layer_norm(x, (512,), *self.last)[:, 1 + VECTORS + 15], self.out))


TEXT, IMAGE = list(blocks("text_model.", 8)), list(blocks("vision_model.", 12))
MASK = torch.full((TOKENS, TOKENS), -math.inf).triu(1)
positive, negative = Prompts(), Prompts()
vpt = [(0.06 * torch.randn(PROMPTS, 768)).requires_grad_() for _ in range(12)]
p = "vision_model."
optimiser = torch.optim.SGD([positive.context, negative.context, *vpt], lr=0.03, momentum=0.9, weight_decay=5e-4)


def image_features(x):
    d = 768
    x = F.conv2d(x, w[p + "embeddings.patch_embedding.weight"], stride=16).flatten(2).transpose(1, 2)
    x = torch.cat([w[p + "embeddings.class_embedding"].expand(len(x), 1, d), x], 1) + w[p + "embeddings.position_embedding.weight"]
    x = F.layer_norm(x, (d,), w[p + "pre_layrnorm.weight"], w[p + "pre_layrnorm.bias"])
    for prompt, parts in zip(vpt, IMAGE):
        x = block(torch.cat([x[:, :197], prompt.expand(len(x), -1, -1)], 1), parts, 12)
    x = F.layer_norm(x[:, 0], (d,), w[p + "post_layernorm.weight"], w[p + "post_layernorm.bias"])
    return F.normalize(F.linear(x, w["visual_projection.weight"]))


def step():
    given = torch.randint(0, C, (rows,))
    complement = (given + torch.randint(1, C, (rows,))) % C
    image, plus, minus = image_features(torch.randn(rows, 3, 224, 224)), positive(), negative()
    zp, zn = 100 * image @ plus.T, 100 * image.detach() @ minus.T
    fixed = zp.detach()
    margin = fixed - zn
    with torch.no_grad():
        mask = torch.sigmoid(margin).gather(1, given[:, None]).squeeze(1) > 0.5
        target = torch.where(mask, given, fixed.argmax(1))
    losses = F.cross_entropy(zp, given, reduction="none")
    log_loss = lambda m: F.softplus(m).clamp_max(-math.log(1e-5)).mean()
    loss = (losses * mask).sum() / mask.sum().clamp_min(1)
    loss = loss + log_loss(margin.gather(1, complement[:, None]).squeeze(1)) + log_loss(-margin.gather(1, target[:, None]).squeeze(1))
    optimiser.zero_grad(set_to_none=False)
    loss.backward()
    optimiser.step()


def timed(action):
    all = []
    for _ in range(steps + 1):
        start = time.process_time()
        action()
        all.append(time.process_time() - start)
    return statistics.median(all[1:])


def text():
    torch.autograd.grad(positive().sum() + negative().sum(), [positive.context, negative.context])


result = {"text": timed(text), "step": timed(step), "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}
print(json.dumps(result))
