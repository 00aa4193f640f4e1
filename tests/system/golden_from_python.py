"""Golden cases made by anybody: two reference implementations in plain numpy, written with tests/golden/case.py, reproduced by winnow-train
golden; and the same with a wrong number, which must fail. The cases of tests/golden/two_network_cases.py are still those in the tree.

    launch/python tests/system/golden_from_python.py --build build
"""
import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "golden"))
import case  # noqa: E402
import two_network_cases  # noqa: E402


def log_softmax(z):
    z = z - z.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def gradient(function, at):
    """Central differences: slow and independent of any framework."""
    result = np.zeros_like(at)
    for index in np.ndindex(at.shape):
        step = np.zeros_like(at)
        step[index] = 1e-6
        result[index] = (function(at + step) - function(at - step)) / 2e-6
    return result


def loss_case(random):
    """PRODEN's loss: cross-entropy with confidences as targets."""
    logits, confidence = random.normal(size=(6, 4)), random.random((6, 4))
    candidates = np.ones((6, 4), np.uint8)
    confidence /= confidence.sum(1, keepdims=True)
    loss = lambda z: -(confidence * log_softmax(z)).sum(1).mean()
    return {"in.logits": logits, "in.confidence": confidence, "in.candidates": candidates, "out.loss": loss(logits), "out.grad.logits": gradient(loss, logits)}


def method_case(random, epochs=2, steps=2, batch=4, samples=8, classes=3, width=5, pixels=6, scale=25.0, rate=0.05):
    """CE trained by SGD on the toy tower f = x A' with a cosine head z = scale cos(f, w)."""
    x, given = random.normal(size=(samples, pixels)), random.integers(0, classes, samples)
    tower, head = random.normal(size=(width, pixels)), random.normal(size=(classes, width))
    order = np.stack([random.permutation(samples).reshape(steps, batch) for _ in range(epochs)])

    def logits(a, w, rows):
        f = rows @ a.T
        return scale * (f / np.linalg.norm(f, axis=1, keepdims=True)) @ (w / np.linalg.norm(w, axis=1, keepdims=True)).T

    start, losses = {"in.A": tower.copy(), "in.W": head.copy()}, []
    for ids in order.reshape(-1, batch):
        loss = lambda a, w: -log_softmax(logits(a, w, x[ids]))[np.arange(batch), given[ids]].mean()
        losses.append(loss(tower, head))
        step_tower, step_head = gradient(lambda a: loss(a, head), tower), gradient(lambda w: loss(tower, w), head)
        tower, head = tower - rate * step_tower, head - rate * step_head
    return {**start, "in.x_w": x, "in.given": given, "in.true": given, "in.order": order, "out.loss": np.array(losses), "out.A": tower, "out.W": head,
            "out.logits": logits(tower, head, x)}


def made_anew(folder):
    """What two_network_cases.py computes is what lies in the tree, up to rounding: numpy's transforms and sums differ between versions."""
    two_network_cases.write(folder)
    made = sorted(folder.glob("*.json"))
    assert len(made) == 8, made
    for file in made:
        there = SOURCE / "tests/golden/noisy" / file.name
        (content, arrays), (kept, known) = case.read(file), case.read(there)
        assert content == kept and arrays.keys() == known.keys(), f"{there} is not what two_network_cases.py makes"
        for name, array in arrays.items():
            assert np.allclose(array, known[name], 1e-9, 1e-9), f"{there}: {name}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", default=SOURCE / "build")
    trainer = pathlib.Path(parser.parse_args().build) / "bin" / "winnow-train"
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        sgd = {"optimizer.name": "sgd", "optimizer.lr": 0.05, "dtype": "float64"}
        case.write(folder / "cases/loss-proden", "loss", "proden", loss_case(random), {"dtype": "float64"}, tolerance=(1e-7, 1e-6), source="numpy")
        tensors = method_case(random)
        case.write(folder / "cases/method-ce", "method", "ce", tensors, sgd, tolerance=(1e-6, 1e-6), source="numpy")

        def run(name, *words):
            return subprocess.run([trainer, "golden", folder / name, *words], capture_output=True, text=True)

        assert case.check(folder / "cases") == 0
        good = run("cases")
        assert good.returncode == 0 and "2 passed, 0 failed" in good.stdout, good
        chunks = run("cases", "--only", "method", "--chunk", "3")
        assert chunks.returncode == 0, chunks

        tensors["out.W"] = tensors["out.W"] + 1e-4
        case.write(folder / "wrong/method-ce", "method", "ce", tensors, sgd, tolerance=(1e-6, 1e-6), source="numpy")
        wrong = run("wrong")
        assert wrong.returncode != 0 and "0 passed, 1 failed" in wrong.stdout, wrong

        made_anew(folder / "anew")
        content, arrays = case.read(folder / "anew/method-rolt-plus-intended")
        for forged in (1, -1, 10 ** 9):                # a sample twice, one too few, one that is none
            order = arrays["draw.stream.main_labelled"].copy()
            order[2][order[2] == 0] = forged
            case.write(folder / "forged/method-rolt-plus", "method", "rolt-plus", arrays | {"draw.stream.main_labelled": order}, content["config"])
            refused = run("forged")
            assert refused.returncode != 0 and "the recorded order of stream 'main_labelled' in epoch 2 is not one of all 18 samples" in refused.stdout + refused.stderr, refused

        for broken, message in (({"in.x": np.zeros(2)}, "no out.* tensor"), ({"out.loss": np.array([np.nan])}, "NaN"), ({"out.loss": np.zeros(1), "x": np.zeros(1)}, "begins with none"),
                                ({"out.loss": np.zeros(1, np.complex128)}, "complex128")):
            try:
                case.write(folder / "never", "loss", "ce", broken)
                raise SystemExit(f"a case without sense was written: {broken}")
            except ValueError as error:
                assert message in str(error), error
        assert not (folder / "never.json").exists()
    assert case.check(SOURCE / "tests/golden") == 0, "the vendored cases are well formed"


if __name__ == "__main__":
    main()
