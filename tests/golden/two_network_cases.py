"""Golden cases of RoLT+, FMix and ProMix with FMix, from their formulas in plain numpy: docs/methods/noisy-labels.md#6.9.

    launch/python tests/golden/two_network_cases.py FOLDER      writes them; those in tests/golden/noisy are of this file

Gradients are derived by hand, and each is compared with central differences while a case is made. tests/system/golden_from_python.py makes the cases
anew and compares them with those in the tree. Needs numpy.
"""
import pathlib
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import case  # noqa: E402

SOURCE = "own implementation of the spec's formula in numpy, double precision (tests/golden/two_network_cases.py)"
SIDE, DECAY = 32, 3.0


def log_softmax(z):
    z = z - z.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def softmax(z):
    return np.exp(log_softmax(z))


def one_hot(labels, classes):
    return np.eye(classes)[labels]


def sharpened(p, temperature):
    p = p ** (1 / temperature)
    return p / p.sum(1, keepdims=True)


def grown(position, length):
    """From 0 to 1 over `length` epochs."""
    return max(0.0, min(1.0, position / length)) if length > 0 else 1.0


# A loss is a function of logits that returns its value and its gradient.

def soft_loss(z, target):
    """Sum of -t log p, and its gradient."""
    return -(target * log_softmax(z)).sum(), softmax(z) * target.sum(1, keepdims=True) - target


def through_softmax(p, gradient):
    return p * (gradient - (p * gradient).sum(1, keepdims=True))


def counted_loss(z, target, counts, weight, partner):
    """ProMix: cross-entropy of mixed rows, each side by its weight and whether it counts."""
    mix = lambda rows: weight * rows + (1 - weight) * rows[partner]
    total = mix(counts).sum()
    loss, gradient = soft_loss(z, mix(target * counts[:, None]))
    return loss / (total or 1), gradient / (total or 1)


def mixmatch_loss(z, target, labelled, weight):
    """Cross-entropy of labelled rows, weight x mean squared error of the others, and a penalty for one class alone."""
    p, classes = softmax(z), z.shape[1]
    gradient = np.zeros_like(z)
    loss, gradient[:labelled] = (value / labelled for value in soft_loss(z[:labelled], target[:labelled]))
    if len(z) > labelled:
        error = p[labelled:] - target[labelled:]
        loss += weight * (error ** 2).mean()
        gradient[labelled:] += through_softmax(p[labelled:], weight * 2 * error / error.size)
    mean = p.mean(0)
    loss += (np.log(1 / classes) - np.log(mean)).sum() / classes
    gradient += through_softmax(p, np.broadcast_to(-1 / (classes * mean * len(z)), p.shape))
    return loss, gradient


def require_gradient(loss, at, gradient):
    for index in list(np.ndindex(at.shape))[::max(1, at.size // 12)]:
        step = np.zeros_like(at)
        step[index] = 1e-6
        found = (loss(at + step) - loss(at - step)) / 2e-6
        assert abs(found - gradient[index]) < 1e-5 * max(1, abs(found)), (index, found, gradient[index])


class Network:
    """The toy tower f = x A' with heads z = scale cos(f, w), trained by SGD."""

    def __init__(self, tower, heads, scale, rate):
        self.tower, self.heads, self.scale, self.rate = tower.copy(), [w.copy() for w in heads], scale, rate

    def features(self, x):
        return x @ self.tower.T

    def logits(self, x, head=0, tower=None, weights=None):
        unit = lambda rows: rows / np.linalg.norm(rows, axis=1, keepdims=True)
        f = x @ (self.tower if tower is None else tower).T
        return self.scale * unit(f) @ unit(self.heads[head] if weights is None else weights).T

    def gradients(self, x, head, dz):
        """Of tower and head, from that of the logits."""
        f, w = self.features(x), self.heads[head]
        f_norm, w_norm = np.linalg.norm(f, axis=1, keepdims=True), np.linalg.norm(w, axis=1, keepdims=True)
        f_unit, w_unit = f / f_norm, w / w_norm
        df, dw = self.scale * dz @ w_unit, self.scale * dz.T @ f_unit
        df = (df - f_unit * (f_unit * df).sum(1, keepdims=True)) / f_norm
        dw = (dw - w_unit * (w_unit * dw).sum(1, keepdims=True)) / w_norm
        return df.T @ x, dw

    def learn(self, terms):
        """One step. terms: (weight, inputs, head, loss and its gradient as a function of logits). Returns the loss."""
        total, tower, heads = 0.0, np.zeros_like(self.tower), [np.zeros_like(w) for w in self.heads]
        for weight, x, head, of in terms:
            loss, dz = of(self.logits(x, head))
            da, dw = self.gradients(x, head, dz)
            require_gradient(lambda a: of(self.logits(x, head, tower=a))[0], self.tower, da)
            require_gradient(lambda w: of(self.logits(x, head, weights=w))[0], self.heads[head], dw)
            total, tower = total + weight * loss, tower + weight * da
            heads[head] = heads[head] + weight * dw
        self.tower -= self.rate * tower
        self.heads = [w - self.rate * dw for w, dw in zip(self.heads, heads)]
        return total


def mean_loss(given):
    def of(z):
        loss, gradient = soft_loss(z, one_hot(given, z.shape[1]))
        return loss / len(z), gradient / len(z)
    return of


# RoLT+: who lies near the prototype of the given class.

def maximise(values, posterior, reg_covar):
    """Weights, means and variances; the guard of the count is scikit-learn's."""
    count = posterior.sum(0) + 10 * np.finfo(float).eps
    mean = posterior.T @ values / count
    return count / count.sum(), mean, (posterior * (values[:, None] - mean) ** 2).sum(0) / count + reg_covar


def expect(values, mixture):
    """Mean log-likelihood, and the posterior of both components."""
    weight, mean, variance = mixture
    joint = np.log(weight) - 0.5 * (np.log(2 * np.pi * variance) + (values[:, None] - mean) ** 2 / variance)
    top = joint.max(1, keepdims=True)
    evidence = top + np.log(np.exp(joint - top).sum(1, keepdims=True))
    return evidence.mean(), np.exp(joint - evidence)


def near_component(values, start, max_iter, tol, reg_covar):
    """Posterior of the component with the higher mean, and who is likelier of it; EM from hard components `start`."""
    mixture, before = maximise(values, one_hot(start, 2), reg_covar), -np.inf
    for _ in range(max_iter):
        likelihood, posterior = expect(values, mixture)
        mixture = maximise(values, posterior, reg_covar)
        if abs(likelihood - before) < tol:
            break
        before = likelihood
    posterior, near = expect(values, mixture)[1], mixture[1].argmax()
    return posterior[:, near], posterior.argmax(1) == near


def two_groups(values):
    """Hard components, by Lloyd's steps from the ends; the recorded start of a mixture."""
    low, high = values.min(), values.max()
    for _ in range(50):
        group = (np.abs(values - high) < np.abs(values - low)).astype(np.int64)
        if group.min() == group.max():
            break
        low, high = values[group == 0].mean(), values[group == 1].mean()
    return group


def near_prototypes(features, given, classes, limits):
    """Posterior N, distance N, and the starts 2 x classes x N (-1: no such sample)."""
    h = features - features.mean(0)
    h = h / np.maximum(np.linalg.norm(h, axis=1, keepdims=True), 1e-12)
    kept, posterior = np.ones(len(h), bool), np.zeros(len(h))
    starts = np.full((2, classes, len(h)), -1, np.int64)
    for turn in range(2):
        score = np.zeros(len(h))
        for label in set(given.tolist()):
            members = np.flatnonzero(given == label)
            score[members] = -((h[members] - h[members][kept[members]].mean(0)) ** 2).sum(1)
            values = score[members] - score[members].min()
            values = values / (values.max() or 1)
            starts[turn, label, :len(members)] = start = two_groups(values)
            posterior[members], near = near_component(values, start, *limits)
            kept[members] = near if near.any() else True
    return posterior, score, starts


def rolt_plus_selection(random, samples=60, classes=5, width=6, missing=()):
    given = random.integers(0, classes, samples)
    given[np.isin(given, missing)] = 0
    centres = random.normal(size=(classes, width)) * 2
    truth = np.where(random.random(samples) < 0.3, random.integers(0, classes, samples), given)
    tensors, posterior = {"in.given": given}, []
    for network in (1, 2):
        features = centres[truth] + random.normal(size=(samples, width)) * (0.6 + 0.4 * network)
        own, distance, starts = near_prototypes(features, given, classes, (100, 1e-3, 1e-6))
        start = np.zeros((2, samples), np.int64)
        for turn in range(2):
            for label in range(classes):
                members = np.flatnonzero(given == label)
                start[turn, members] = starts[turn, label, :len(members)]
        posterior.append(own)
        tensors |= {f"in.features.{network}": features, f"draw.init.label.{network}": start, f"out.distance.{network}": distance, f"out.posterior.{network}": own}
    threshold = 0.5
    tensors |= {"out.mask.1": (posterior[1] > threshold).astype(np.uint8), "out.mask.2": (posterior[0] > threshold).astype(np.uint8)}
    assert 0 < tensors["out.mask.1"].sum() < samples and (tensors["out.mask.1"] != tensors["out.mask.2"]).any()
    return tensors, {"max_iter": 100, "tol": 1e-3, "reg_covar": 1e-6, "threshold": threshold, "classes": classes, "dtype": "float64"}


class Run:
    """Images in clusters, some of whose given labels are wrong; two networks, and the order of the batches."""

    def __init__(self, random, heads, samples=18, classes=3, batch=6, epochs=4, pixels=7, width=5, scale=6.0, rate=0.05):
        self.random, self.samples, self.classes, self.epochs = random, samples, classes, epochs
        truth = np.arange(samples) % classes
        self.given = np.where(np.arange(samples) < samples // 4, (truth + 1) % classes, truth)
        centres = random.normal(size=(classes, pixels)) * 1.5
        self.views = {name: centres[truth] + random.normal(size=(samples, pixels)) * 1.0 for name in ("x_w", "x_a", "x_s")}
        self.order = np.stack([random.permutation(samples).reshape(-1, batch) for _ in range(epochs)])
        self.networks = [Network(random.normal(size=(width, pixels)), [random.normal(size=(classes, width)) for _ in range(heads)], scale, rate) for _ in range(2)]
        self.config = {"scale": scale, "optimizer.name": "sgd", "optimizer.lr": rate, "dtype": "float64"}
        self.tensors = {"in.given": self.given, "in.true": truth, "in.order": self.order}
        self.record("in")
        self.losses, self.masks = [], []

    def record(self, kind):
        for network, (tower, heads) in zip(self.networks, (("A", ("W", "pseudo_head")), ("second", ("second_head", "second_pseudo_head")))):
            self.tensors[f"{kind}.{tower}"] = network.tower.copy()
            for name, weights in zip(heads, network.heads):
                self.tensors[f"{kind}.{name}"] = weights.copy()

    def finished(self, views):
        self.record("out")
        self.tensors |= {f"in.{view}": self.views[view] for view in views}
        x = self.views["x_w"]
        return self.tensors | {"out.loss": np.array(self.losses), "out.mask": np.stack(self.masks).astype(np.uint8),
                               "out.logits": (self.networks[0].logits(x) + self.networks[1].logits(x)) / 2}


def padded(rows, shape):
    """Rows of different lengths, filled up with -1."""
    result = np.full((*shape, max(len(row) for row in rows)), -1, np.int64)
    for place, row in zip(np.ndindex(shape), rows):
        result[place][:len(row)] = row
    return result


def rolt_plus_method(random, warmup=1, rampup=2.0, lambda_u=5.0, temperature=0.5, threshold=0.5, limits=(100, 1e-3, 1e-6)):
    run = Run(random, heads=1)
    names, given, classes = ("main", "second"), run.given, run.classes
    orders = {f"{name}_{part}": [random.permutation(run.samples) for _ in range(run.epochs)] for name in names for part in ("labelled", "unlabelled")}
    starts, weights, partners = [], [], []
    labelled, posterior = [np.ones(run.samples, bool)] * 2, [np.ones(run.samples)] * 2
    for epoch in range(run.epochs):
        if epoch >= warmup:
            found = [near_prototypes(network.features(run.views["x_w"]), given, classes, limits) for network in run.networks]
            labelled, posterior = [found[1][0] > threshold, found[0][0] > threshold], [found[1][0], found[0][0]]
            starts.append(np.concatenate([own[2].reshape(2 * classes, -1) for own in found]))
        else:
            starts.append(np.full((4 * classes, run.samples), -1, np.int64))
        run.masks.append(labelled[0])
        for step, ids in enumerate(run.order[epoch]):
            for number, network in enumerate(run.networks):
                if epoch < warmup:
                    loss = network.learn([(1.0, run.views["x_w"][ids], 0, mean_loss(given[ids]))])
                    partner, weight = [], 1.0
                else:
                    batch = []
                    for part, member in (("labelled", labelled[number]), ("unlabelled", ~labelled[number])):
                        order = [i for i in orders[f"{names[number]}_{part}"][epoch] if member[i]]
                        rows = min(len(ids), len(order))
                        batch.append(np.array([order[place % len(order)] for place in range(step * rows, (step + 1) * rows)], np.int64))
                    x, u = batch
                    seen = [run.views["x_w"], run.views["x_a"]]
                    mean = np.mean([softmax(network.logits(view[x])) for view in seen], 0)
                    w = posterior[number][x][:, None]
                    target = sharpened(w * one_hot(given[x], classes) + (1 - w) * mean, temperature)
                    guessed = sharpened(np.mean([softmax(either.logits(view[u])) for view in seen for either in run.networks], 0), temperature)
                    images, targets = np.concatenate([view[x] for view in seen] + [view[u] for view in seen]), np.concatenate([target, target, guessed, guessed])
                    partner, weight = random.permutation(len(images)), max(own := random.beta(4, 4), 1 - own)
                    mix = lambda rows: weight * rows + (1 - weight) * rows[partner]
                    place = epoch + step / len(run.order[epoch])
                    factor = lambda_u * grown(place - warmup, rampup)
                    loss = network.learn([(1.0, mix(images), 0, lambda z: mixmatch_loss(z, mix(targets), 2 * len(x), factor))])
                partners.append(partner)
                weights.append(weight)
                if number == 0:
                    run.losses.append(loss)
    assert run.masks[-1].any() and not run.masks[-1].all() and any((a != b).any() for a, b in zip(run.masks[1:], run.masks[2:]))
    steps = (run.epochs * run.order.shape[1], 2)
    run.tensors |= {f"draw.stream.{name}": np.stack(order) for name, order in orders.items()}
    run.tensors |= {"draw.init.label": np.stack(starts), "draw.mix.lambda": np.array(weights).reshape(steps), "draw.mix.permutation": padded(partners, steps),
                    "out.main_posterior": posterior[0], "out.second_posterior": posterior[1], "out.second_labelled": labelled[1].astype(np.uint8)}
    config = {"warmup_epochs": warmup, "rampup": rampup, "lambda_u": lambda_u, "temperature": temperature, "threshold": threshold, "alpha": 4.0,
              "max_iter": limits[0], "tol": limits[1], "reg_covar": limits[2]}
    return run.finished(("x_w", "x_a")), run.config | config


# FMix.

def image_of(normal):
    """The low-frequency image of a spectrum of normal numbers, 2 x side x (side / 2 + 1), by numpy's transform."""
    rows, columns = np.fft.fftfreq(SIDE)[:, None], np.fft.rfftfreq(SIDE)
    frequency = np.maximum(np.hypot(rows, columns), 1 / SIDE)
    return np.fft.irfft2((normal[0] + 1j * normal[1]) / frequency ** DECAY, (SIDE, SIDE))


def ranks_of(normal, shift):
    larger = np.empty(SIDE * SIDE)
    larger[np.argsort(-image_of(normal), axis=None, kind="stable")] = np.arange(SIDE * SIDE)
    return (larger.reshape(SIDE, SIDE) + shift) / SIDE ** 2


def mask_of(normal, share, shift):
    """The ceil(share n - shift) largest of n cells."""
    image, n = image_of(normal), SIDE * SIDE
    count = int(np.ceil(share * n - shift))
    return (image > np.sort(image, axis=None)[::-1][count]) if count < n else np.ones_like(image, bool)


def fmix_loss(random, rows=8, classes=5, share=0.37, known=None):
    normal, shift = random.normal(size=(2, SIDE, SIDE // 2 + 1)), random.random()
    logits, target = random.normal(size=(rows, classes)) * 2, one_hot(random.integers(0, classes, rows), classes)
    known = (random.random(rows) < 0.6).astype(np.uint8) if known is None else np.full(rows, known, np.uint8)
    partner, counts = random.permutation(rows), known.astype(float)
    loss, gradient = counted_loss(logits, target, counts, share, partner)
    require_gradient(lambda z: counted_loss(z, target, counts, share, partner)[0], logits, gradient)
    return {"in.logits": logits, "in.target": target, "in.known": known, "draw.fmix.normal": normal, "draw.fmix.shift": np.array(shift), "draw.fmix.lambda": np.array(share),
            "draw.fmix.permutation": partner, "out.ranks": ranks_of(normal, shift), "out.cells": mask_of(normal, share, shift).astype(np.uint8),
            "out.target": share * target + (1 - share) * target[partner], "out.loss": np.array(loss), "out.grad.logits": gradient}, {"decay": DECAY, "dtype": "float64"}


def promix_method(random, warmup=1, ramp=2, rho=(0.4, 0.8), tau=0.9, temperature=0.5, debias_output=0.8, debias_label=0.5, momentum=0.9, lambda_u=1.5, rampup=2.0,
                  entropy_weight=0.1, agreement=0.25):
    run = Run(random, heads=2, epochs=4)
    given, classes, x, strong = run.given, run.classes, run.views["x_w"], run.views["x_s"]
    base, prior = [np.ones(run.samples, bool)] * 2, [np.full(classes, 1 / classes)] * 2
    mask, draws = np.ones(run.samples, bool), {name: [] for name in ("mix.lambda", "mix.permutation", "fmix.lambda", "fmix.ranks", "fmix.permutation")}
    cells_of_row = np.arange(x.shape[1]) * SIDE * SIDE // x.shape[1]  # a row has no height: its numbers lie along the cells' line
    added = 0

    def sure_of_itself(z):
        """Mean of sum p log p, and its gradient."""
        p, log_p = softmax(z), log_softmax(z)
        return (p * log_p).sum() / len(z), through_softmax(p, (log_p + 1) / len(z))

    for epoch in range(run.epochs):
        if epoch >= warmup:
            share = rho[0] + (rho[1] - rho[0]) * grown(epoch - warmup, ramp)
            quota = max(1, int(np.ceil(share * run.samples / classes)))
            base = []
            for network in run.networks:
                losses = -log_softmax(network.logits(x))[np.arange(run.samples), given]
                chosen = np.zeros(run.samples, bool)
                for label in range(classes):
                    members = np.flatnonzero(given == label)
                    chosen[members[np.argsort(losses[members], kind="stable")][:quota]] = True
                base.append(chosen)
            mask = base[0].copy()
        for step, ids in enumerate(run.order[epoch]):
            draw = {"mix.permutation": [random.permutation(2 * len(ids)) for _ in range(2)], "mix.lambda": [max(l, 1 - l) for l in random.beta(4, 4, 2)],
                    "fmix.permutation": [random.permutation(len(ids)) for _ in range(2)], "fmix.lambda": list(random.beta(1, 1, 2)),
                    "fmix.ranks": [ranks_of(random.normal(size=(2, SIDE, SIDE // 2 + 1)), random.random()) for _ in range(2)]}
            for name, value in draw.items():
                draws[name].append(value)
            if epoch < warmup:
                for number, network in enumerate(run.networks):
                    loss = network.learn([(1.0, x[ids], 0, mean_loss(given[ids])), (1.0, x[ids], 1, mean_loss(given[ids])), (entropy_weight, x[ids], 0, sure_of_itself)])
                    if number == 0:
                        run.losses.append(loss)
                continue
            own = [network.logits(x[ids]) for network in run.networks]
            unbiased = [softmax(z - debias_label * np.log(prior[number])) for number, z in enumerate(own)]
            clean = [base[number][ids] | (softmax(z)[np.arange(len(ids)), given[ids]] > tau) for number, z in enumerate(own)]
            added += (clean[0] & ~base[0][ids]).sum()
            mask[ids] = clean[0]
            prior = [momentum * prior[number] + (1 - momentum) * softmax(z).mean(0) for number, z in enumerate(own)]
            guessed = sharpened(np.mean(unbiased, 0), temperature)
            agreed = (own[0].argmax(1) == own[1].argmax(1)) & (epoch >= run.epochs - agreement * run.epochs)
            for z in own:
                agreed &= softmax(z).max(1) > tau
            for number, network in enumerate(run.networks):
                label = np.where(agreed[:, None], one_hot(own[0].argmax(1), classes), guessed)
                target = np.where(clean[number][:, None], one_hot(given[ids], classes), label)
                known = (clean[number] | agreed).astype(float)
                weight, partner = draw["mix.lambda"][number], draw["mix.permutation"][number]
                images = np.concatenate([x[ids], strong[ids]])
                images = weight * images + (1 - weight) * images[partner]
                targets, counts, bias = np.concatenate([target, target]), np.concatenate([known, known]), debias_output * np.log(prior[number])
                share, other = draw["fmix.lambda"][number], draw["fmix.permutation"][number]
                cells = (draw["fmix.ranks"][number] < share).ravel()[cells_of_row]
                pieces = np.where(cells, x[ids], x[ids][other])
                place = epoch + step / len(run.order[epoch]) - warmup
                loss = network.learn([
                    (1.0, images, 0, lambda z: counted_loss(z + bias, targets, counts, weight, partner)),
                    (grown(place, ramp), pieces, 0, lambda z: counted_loss(z + bias, one_hot(target.argmax(1), classes), known, share, other)),
                    (lambda_u * grown(place, rampup), images, 1, lambda z: counted_loss(z, targets, 1 - counts, weight, partner))])
                if number == 0:
                    run.losses.append(loss)
        run.masks.append(mask.copy())
    assert added > 0 and not run.masks[-1].all(), "who is sure adds to the selection, and somebody is left out"
    run.tensors |= {f"draw.{name}": np.array(values) for name, values in draws.items()}
    run.tensors |= {"out.main_prior": prior[0], "out.second_prior": prior[1], "out.main_base": base[0].astype(np.uint8), "out.second_base": base[1].astype(np.uint8)}
    config = {"train_rule": "own", "fmix": True, "warmup_epochs": warmup, "ramp": ramp, "rho_start": rho[0], "rho_end": rho[1], "tau": tau, "temperature": temperature,
              "alpha": 4.0, "debias_output": debias_output, "debias_label": debias_label, "prior_momentum": momentum, "lambda_u": lambda_u, "rampup": rampup,
              "entropy_weight": entropy_weight, "agreement": agreement}
    return run.finished(("x_w", "x_s")), run.config | config


FMIX_NOTE = ("Spectrum = (draw.fmix.normal[0] + i draw.fmix.normal[1]) / max(frequency, 1/32)^decay, its inverse real transform is an image of 32 x 32 cells; "
             "out.ranks = (number of larger cells + draw.fmix.shift) / 1024, out.cells = the ceil(1024 lambda - shift) largest, which are those with rank < lambda. "
             "in.logits are of the mixed images; each side counts by its weight and in.known: loss = -sum mix(known target) log softmax / sum mix(known), 0 where nobody is known.")
ROLT_NOTE = ("As selection-rolt, once by each network's features, with starts of their own; out.distance.n is the score of round 2, out.posterior.n that of the component "
             "with the higher mean. out.mask.1, which trains network 1, is posterior.2 > threshold, and the other way round.")


def write(folder):
    make = lambda name, kind, subject, made, note: case.write(folder / name, kind, subject, made[0], made[1], tolerance=(1e-8, 1e-8), source=SOURCE, note=note)
    seeded = np.random.default_rng
    make("loss-fmix-intended", "loss", "fmix", fmix_loss(seeded(1)), FMIX_NOTE)
    make("loss-fmix-intended-all-known", "loss", "fmix", fmix_loss(seeded(2), share=0.9, known=1), FMIX_NOTE)
    make("loss-fmix-intended-nobody-known", "loss", "fmix", fmix_loss(seeded(3), known=0), FMIX_NOTE)
    make("loss-fmix-intended-whole", "loss", "fmix", fmix_loss(seeded(4), share=1.0), FMIX_NOTE)
    make("selection-rolt-plus-intended", "selection", "rolt-plus", rolt_plus_selection(seeded(5)), ROLT_NOTE)
    make("selection-rolt-plus-intended-missing", "selection", "rolt-plus", rolt_plus_selection(seeded(6), missing=(2, 3)), ROLT_NOTE)
    make("method-rolt-plus-intended", "method", "rolt-plus", rolt_plus_method(seeded(16)),
         "Each network is divided by the other one's prototypes and takes a MixMatch step on streams of what it takes for clean and noisy, whose order is draw.stream.*. draw.init.label: "
         "epochs x (network, round, class) x samples.")
    make("method-promix-intended-fmix", "method", "promix", promix_method(seeded(16)),
         "fmix: weakly seen images mixed by masks, whose ranks are recorded; a row of numbers takes the weight of its part of the cells' line.")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__.strip(), file=sys.stderr)
        sys.exit(2)
    write(pathlib.Path(sys.argv[1]))
