"""The yardstick of tests/bench/launches_bench.sh: a step of PRODEN, CRDPLL, SoLar or dual prompts on CLIP ViT-B/16 + AdaptFormer in plain PyTorch,
as train_step.py has it (its towers, methods and tricks; gelu, as the random model has), on the stand-in device: images go there as bytes and are normalised there, numbers of
samples and drawn crops beside them in one tensor each, from pinned memory. Prints a line of JSON.

    PYTHONPATH=deps/site:deps/tests launch/python launches_step.py build/lib/libstandin.so CLIP ROWS METHOD
"""
import json
import math
import sys
from pathlib import Path

import torch
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "standin"))
import standin  # noqa: E402
import train_step  # noqa: E402
from train_step import NanoClip, load, masked_softmax, soft_cross_entropy  # noqa: E402

library, folder, rows, method = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(1)
standin.load(library)
there = standin.DEVICE
C, SIDE, PAD, STEPS = 10, 224, 28, 2
N = rows * STEPS
up = standin.upload


class TextTower:
    """Rows of contexts and class names; only the contexts are trained."""

    def __init__(self, w, names, contexts, vectors):
        p = "text_model."
        get = lambda name: tuple(w[f"{name}.{t}"].to(there) for t in ("weight", "bias"))
        self.blocks = []
        for i in range(12):
            n = f"{p}encoder.layers.{i}."
            qkv = tuple(torch.cat([w[f"{n}self_attn.{k}_proj.{t}"] for k in "qkv"]).to(there) for t in ("weight", "bias"))
            self.blocks.append((get(n + "layer_norm1"), qkv, get(n + "self_attn.out_proj"), get(n + "layer_norm2"), get(n + "mlp.fc1"), get(n + "mlp.fc2")))
        self.last, self.out = get(p + "final_layer_norm"), w["text_projection.weight"].to(there)
        tokens, positions = w[p + "embeddings.token_embedding.weight"], w[p + "embeddings.position_embedding.weight"]
        length = 1 + vectors + names.shape[1]
        self.read = length - 1
        self.context = (0.02 * torch.randn(contexts, vectors, 512)).to(there).requires_grad_()
        self.positions = positions[:length].to(there)
        self.start, self.names = tokens[:1].expand(contexts * C, 1, 512).to(there), tokens[names].repeat(contexts, 1, 1).to(there)
        self.contexts, self.vectors = contexts, vectors

    def __call__(self):
        own = self.context.unsqueeze(1).expand(-1, C, -1, -1).reshape(self.contexts * C, self.vectors, 512)
        x = torch.cat([self.start, own, self.names], 1) + self.positions
        B, T, d = x.shape
        for norm1, qkv, out, norm2, fc1, fc2 in self.blocks:
            q, k, v = F.linear(F.layer_norm(x, (d,), *norm1), *qkv).view(B, T, 3, 8, -1).permute(2, 0, 3, 1, 4).unbind(0)
            x = x + F.linear(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(B, T, d), *out)
            x = x + F.linear(F.gelu(F.linear(F.layer_norm(x, (d,), *norm2), *fc1)), *fc2)
        return F.linear(F.layer_norm(x, (d,), *self.last)[:, self.read], self.out)


class Job:
    def __init__(self):
        w = load(folder + "/model.safetensors")
        self.net = NanoClip(w, blocks=12, heads=12, bottleneck=4, device=there)
        self.w = w
        self.images = torch.randint(0, 256, (N, SIDE, SIDE, 3), dtype=torch.uint8)
        self.padded = F.pad(self.images, (0, 0, PAD, PAD, PAD, PAD))
        self.truth = torch.arange(N) % C
        candidates = torch.rand(N, C) < 0.3
        candidates[torch.arange(N), self.truth] = True
        self.candidates, self.confidence = candidates.to(there), (candidates / candidates.sum(1, keepdim=True)).to(there)
        self.head = F.normalize(torch.randn(C, 768)).to(there).requires_grad_()
        self.scale, self.shift = (torch.rand(1, 3, 1, 1).to(there) for _ in range(2))
        self.optimiser = torch.optim.Adam([*self.trained(), *self.net.trained], lr=1e-4, weight_decay=1e-5, fused=True)

    def trained(self):
        return [self.head]

    def normalised(self, levels):
        return torch.addcmul(self.shift, up(levels, there).permute(0, 3, 1, 2).float(), self.scale)

    def plain(self, ids):
        return self.normalised(self.images[ids])

    def flip_crop(self, ids):
        n, side = len(ids), torch.arange(SIDE)
        r = torch.randint(0, 2 * PAD + 1, (n, 1)) + side
        c = torch.randint(0, 2 * PAD + 1, (n, 1)) + side
        c = torch.where(torch.rand(n, 1) < 0.5, SIDE + 2 * PAD - 1 - c, c)
        return self.normalised(self.padded[ids[:, None, None], r[:, :, None], c[:, None, :]])

    def logits(self, x):
        return 25 * F.normalize(self.net(x)) @ F.normalize(self.head).T

    def minimise(self, loss):
        self.optimiser.zero_grad(set_to_none=False)
        loss.backward()
        self.optimiser.step()


class Proden(Job):
    def step(self, ids):
        x, at = self.plain(ids), up(ids, there)
        self.minimise(soft_cross_entropy(F.log_softmax(self.logits(x), 1), self.confidence[at]).mean())
        with torch.no_grad():
            self.confidence[at] = masked_softmax(self.logits(x), self.candidates[at])


class Crdpll(Job):
    def step(self, ids):
        at = up(ids, there)
        weak, strong, Y, Q = self.plain(ids), self.flip_crop(ids), self.candidates[at], self.confidence[at]
        log_w, log_s = F.log_softmax(self.logits(weak), 1), F.log_softmax(self.logits(strong), 1)
        agreement = (2 * torch.xlogy(Q, Q) - Q * (log_w + log_s)).sum(1).mean()
        outside = torch.log(1.0000001 - log_w.exp()).masked_fill(Y, 0).sum(1).mean()
        self.minimise(0.5 * agreement - outside)
        with torch.no_grad():
            self.confidence[at] = masked_softmax((self.logits(weak) + self.logits(strong)) / 2, Y)


class Solar(Job):
    """After its warm-up; one look from the host: which rows were selected."""

    def __init__(self):
        super().__init__()
        self.prior, self.queue = torch.full((C,), 1 / C).to(there), torch.full((64, C), 0.1, dtype=torch.double).to(there)

    @torch.no_grad()
    def plan(self, z, Y):
        own = z.double().softmax(1) * Y
        both = torch.cat([self.queue, own])
        self.queue = both[-64:]
        K, r = both ** 3, self.prior.double()
        u = torch.full((len(both),), 1 / len(both), dtype=torch.double, device=there)
        Kt, c = K.T.contiguous(), 1 / len(both)
        for _ in range(50):
            v = r / (Kt @ u)
            u = c / (K @ v)
        return ((len(both) * u[:, None]) * K * v)[-len(z):].float()

    @torch.no_grad()
    def chosen(self, losses, target, p):
        quota = (len(losses) * self.prior * 0.8).ceil().clamp_min(1)
        guess = target.argmax(1)
        by_loss = losses.argsort(stable=True)
        order = by_loss[guess[by_loss].argsort(stable=True)]
        members = torch.zeros(C, dtype=torch.long, device=there).index_add_(0, guess, torch.ones_like(guess))
        place = torch.arange(len(losses), device=there) - (members.cumsum(0) - members)[guess[order]]
        small = torch.zeros(len(losses), dtype=torch.bool, device=there).index_copy_(0, order, place < quota[guess[order]])
        return small | ((target * p).sum(1) > 0.99)

    def step(self, ids):
        places = up(ids, there)
        weak, Y, Q = self.plain(ids), self.candidates[places], self.confidence[places]
        z = self.logits(weak)
        log_p, now = F.log_softmax(z, 1), z.detach()
        T = self.plan(now, Y)
        on_targets = soft_cross_entropy(log_p, T)
        selected = self.chosen(on_targets.detach(), T, log_p.detach().exp())
        here = selected.cpu().nonzero().squeeze(1)  # the look
        at = up(here, there)
        strong = soft_cross_entropy(F.log_softmax(self.logits(self.flip_crop(ids[here])), 1), T[at]).mean()
        share, other = 0.7, up(here[torch.randperm(len(here))], there)
        x = share * weak[at] + (1 - share) * weak[other]
        mixed = soft_cross_entropy(F.log_softmax(self.logits(x), 1), share * T[at] + (1 - share) * T[other]).mean()
        rest = (soft_cross_entropy(log_p, Q) * ~selected).sum() / (~selected).sum().clamp_min(1)
        self.minimise(0.9 * (on_targets[at].mean() + strong + mixed) + 0.1 * rest)
        self.confidence[places] = masked_softmax(now, Y)


class DualPrompts(Job):
    """DeFT's first phase after its warm-up: two contexts of 16 vectors in one batch of the text tower."""

    def __init__(self):
        super().__init__()
        self.projection = self.w["visual_projection.weight"].to(there)
        self.given = torch.randint(0, C, (N,)).to(there)
        self.mask, self.score = torch.zeros(N, dtype=torch.uint8, device=there), torch.zeros(N, device=there)

    def trained(self):
        w = load(folder + "/model.safetensors")
        self.texts = TextTower(w, torch.randint(0, 200, (C, 4)), contexts=2, vectors=16)
        return [self.texts.context]

    def step(self, ids):
        at = up(ids, there)
        image = F.normalize(F.linear(self.net(self.plain(ids)), self.projection))
        classes = F.normalize(self.texts()).view(2, C, -1)
        given = self.given[at]
        complement = up((torch.randint(1, C, (len(ids),)) + self.truth[ids]) % C, there)
        positive, negative = 100 * image @ classes[0].T, 100 * image.detach() @ classes[1].T
        fixed = positive.detach()
        margin = fixed - negative
        with torch.no_grad():
            probability = torch.sigmoid(margin)
            score = probability.gather(1, given[:, None]).squeeze(1)
            mask = (score > 0.5) & (fixed.argmax(1) == fixed.argmax(1))
            target = torch.where(mask, given, fixed.argmax(1))
        losses = F.cross_entropy(positive, given, reduction="none")
        similarity = (losses * mask).sum() / mask.sum().clamp_min(1)
        floor = -math.log(1e-5)
        log_loss = lambda m: F.softplus(m).clamp_max(floor).mean()
        prompts = log_loss(margin.gather(1, complement[:, None]).squeeze(1)) + log_loss(-margin.gather(1, target[:, None]).squeeze(1))
        self.minimise(similarity + prompts)
        self.score[at], self.mask[at] = score, mask.to(torch.uint8)


job = {"proden": Proden, "crdpll": Crdpll, "solar": Solar, "dual-prompts": DualPrompts}[method]()
order = torch.randperm(N).split(rows)
job.step(order[0])
standin.reset()
job.step(order[1])
counts = standin.counts()
print(json.dumps({"method": method, "rows": rows, "launches": counts["launches"], "bytes": counts["bytes"], "uploads": counts["uploads"],
                  "waits": counts["values"] + counts["shapes"] + counts["copies_out"] + counts["copies_in"]}))
