"""The yardstick of tests/bench/train_bench.sh: nano-clip + AdaptFormer + PRODEN, CRDPLL or SoLar in plain PyTorch, tuned as a careful
person would: stacked query-key-value, scaled_dot_product_attention, fused Adam, no gradients for frozen weights, data as one tensor, padded
once, crops and flips by one gather, images of a step made once, the post-step forward under no_grad, confidences of the batch's rows alone,
quotas by sorting, Sinkhorn by products of matrix and vector. One thread, fp32. A step's cost is the median of its processor time.

    python3 train_step.py SNAPSHOT METHOD STEPS          # needs torch, numpy
"""
import gzip
import json
import statistics
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
    activation = staticmethod(F.gelu)

    def __init__(self, w, blocks=4, heads=4, bottleneck=1, device="cpu"):
        p = "vision_model."
        w = {name: value.to(device) for name, value in w.items() if name.startswith(p)}
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
            adapter = [torch.ones(d), torch.zeros(d), torch.randn(bottleneck, d) * (1 / (3 * d)) ** 0.5, torch.zeros(bottleneck),
                       torch.zeros(d, bottleneck), torch.zeros(d), torch.ones(1)]
            adapter = [t.to(device).requires_grad_() for t in adapter]
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
            y = F.linear(self.activation(F.linear(F.layer_norm(x, (d,), *norm2), *fc1)), *fc2)
            x = x + y + scale * F.linear(F.relu(F.linear(F.layer_norm(x, (d,), lw, lb), dw, db)), uw, ub)
        return F.layer_norm(x[:, 0], (d,), *self.post)


N, C, B = 6000, 10, 128


def idx(name, header, *shape):
    """Samples of Fashion-MNIST after those that nano-clip was pre-trained on."""
    with gzip.open(f"/usr/share/datasets/fashion-mnist/{name}.gz") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.uint8, offset=header).view(-1, *shape)[20000:20000 + N].clone()


class Job:
    """Data, confidences and the parts that all three methods share."""

    def __init__(self, snapshot):
        self.net = NanoClip(load(snapshot + "/model.safetensors"))
        images, truth = idx("train-images-idx3-ubyte", 16, 28, 28), idx("train-labels-idx1-ubyte", 8).long()
        self.plain_images, self.padded = images, F.pad(images, (3, 3, 3, 3))
        self.candidates = torch.rand(N, C) < 0.5
        self.candidates[torch.arange(N), truth] = True
        self.confidence = self.candidates / self.candidates.sum(1, keepdim=True)
        # A head that knows the classes, as one from texts does: it decides how many rows SoLar's further forwards have.
        with torch.no_grad():
            features = F.normalize(self.net(self.plain(torch.arange(2000))))
            self.head = F.normalize(torch.stack([features[truth[:2000] == c].mean(0) for c in range(C)])).requires_grad_()
        self.optimiser = torch.optim.Adam([self.head, *self.net.trained], lr=1e-3, weight_decay=1e-5, fused=True)

    @staticmethod
    def normalised(images):
        return ((images.float() / 255 - 0.286) / 0.353).unsqueeze(1).expand(-1, 3, -1, -1)

    def plain(self, ids):
        return self.normalised(self.plain_images[ids])

    def flip_crop(self, ids):
        n, side = len(ids), torch.arange(28)
        rows = torch.randint(0, 7, (n, 1)) + side
        columns = torch.randint(0, 7, (n, 1)) + side
        columns = torch.where(torch.rand(n, 1) < 0.5, 33 - columns, columns)
        return self.normalised(self.padded[ids[:, None, None], rows[:, :, None], columns[:, None, :]])

    def logits(self, x):
        return 25 * F.normalize(self.net(x)) @ F.normalize(self.head).T

    def minimise(self, loss):
        self.optimiser.zero_grad(set_to_none=False)
        loss.backward()
        self.optimiser.step()


def soft_cross_entropy(log_p, target):
    return -(target * log_p).sum(1)


def masked_softmax(z, mask):
    return z.masked_fill(~mask, float("-inf")).softmax(1)


class Proden(Job):
    def step(self, ids):
        x = self.plain(ids)
        self.minimise(soft_cross_entropy(F.log_softmax(self.logits(x), 1), self.confidence[ids]).mean())
        with torch.no_grad():
            self.confidence[ids] = masked_softmax(self.logits(x), self.candidates[ids])


class Crdpll(Job):
    def step(self, ids):
        weak, strong, Y, Q = self.plain(ids), self.flip_crop(ids), self.candidates[ids], self.confidence[ids]
        log_w, log_s = F.log_softmax(self.logits(weak), 1), F.log_softmax(self.logits(strong), 1)
        agreement = (2 * torch.xlogy(Q, Q) - Q * (log_w + log_s)).sum(1).mean()
        outside = torch.log(1.0000001 - log_w.exp()).masked_fill(Y, 0).sum(1).mean()
        self.minimise(0.5 * agreement - outside)
        with torch.no_grad():
            self.confidence[ids] = masked_softmax((self.logits(weak) + self.logits(strong)) / 2, Y)


class Solar(Job):
    """After its warm-up: eta = 0.9, rho = 0.8."""

    def __init__(self, snapshot):
        super().__init__(snapshot)
        self.prior, self.queue = torch.full((C,), 1 / C), torch.zeros(0, C, dtype=torch.double)
        self.beta = torch.distributions.Beta(4, 4)

    @torch.no_grad()
    def plan(self, z, Y):
        own = z.double().softmax(1) * Y
        rows = torch.cat([self.queue, own])
        self.queue = own
        K, r, u = rows ** 3, self.prior.double(), torch.full((len(rows),), 1 / len(rows), dtype=torch.double)
        Kt, c = K.T.contiguous(), 1 / len(rows)
        for _ in range(50):
            v = r / (Kt @ u)
            u = c / (K @ v)
        return ((len(rows) * u[:, None]) * K * v)[-len(z):].float()

    @torch.no_grad()
    def chosen(self, losses, target, p):
        quota = (len(losses) * self.prior * 0.8).ceil().clamp_min(1)
        guess = target.argmax(1)
        by_loss = losses.argsort(stable=True)
        order = by_loss[guess[by_loss].argsort(stable=True)]
        members = torch.zeros(C, dtype=torch.long).index_add_(0, guess, torch.ones_like(guess))
        place = torch.arange(len(losses)) - (members.cumsum(0) - members)[guess[order]]
        small = torch.zeros(len(losses), dtype=torch.bool).index_copy_(0, order, place < quota[guess[order]])
        return small | ((target * p).sum(1) > 0.99)

    def step(self, ids):
        weak, Y, Q = self.plain(ids), self.candidates[ids], self.confidence[ids]
        z = self.logits(weak)
        log_p, now = F.log_softmax(z, 1), z.detach()
        T = self.plan(now, Y)
        on_targets = soft_cross_entropy(log_p, T)
        selected = self.chosen(on_targets.detach(), T, log_p.detach().exp())
        at = selected.nonzero().squeeze(1)
        strong = soft_cross_entropy(F.log_softmax(self.logits(self.flip_crop(ids[at])), 1), T[at]).mean()
        share = float(self.beta.sample())
        share, other = max(share, 1 - share), at[torch.randperm(len(at))]
        x = share * weak[at] + (1 - share) * weak[other]
        mixed = soft_cross_entropy(F.log_softmax(self.logits(x), 1), share * T[at] + (1 - share) * T[other]).mean()
        rest = (soft_cross_entropy(log_p, Q) * ~selected).sum() / (~selected).sum().clamp_min(1)
        self.minimise(0.9 * (on_targets[at].mean() + strong + mixed) + 0.1 * rest)
        self.confidence[ids] = masked_softmax(now, Y)


def main():
    snapshot, method, steps = sys.argv[1], sys.argv[2], int(sys.argv[3])
    job = {"proden": Proden, "crdpll": Crdpll, "solar": Solar}[method](snapshot)
    for ids in torch.randperm(N).split(B)[:5]:
        job.step(ids)
    print("ready", flush=True)
    costs = []
    for ids in torch.randperm(N).split(B)[:steps]:
        begin = time.process_time()
        job.step(ids)
        costs.append(time.process_time() - begin)
    print(1 / statistics.median(costs))


if __name__ == "__main__":
    main()
