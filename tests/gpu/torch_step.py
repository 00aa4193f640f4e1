"""The yardsticks of launch/test-gpu's part `bench`: the same ViT-B/16 in plain PyTorch on the same device, tuned as a careful person would (stacked query-key-value,
scaled_dot_product_attention, fused AdamW, autocast, no gradients for what is frozen, torch.compile where it works), and the way of PartialCLIP: fp32, images decoded,
cropped and resized by Pillow on 4 workers, from the JPEG file beside the snapshot, which it writes where there is none. Prints a line of JSON.

    python3 torch_step.py SNAPSHOT DEVICE ROWS STEPS ADAPT PRECISION tuned|pillow
"""
import io
import json
import math
import random
import sys
import time
from pathlib import Path

import torch
from torch.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "bench"))
from train_step import NanoClip, load  # noqa: E402

snapshot, device, rows, steps, adapt, precision, way = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:8]
WARM, C, SIDE = 5, 10, 224
torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = precision == "tf32"


class Encoded(torch.utils.data.Dataset):
    """A JPEG file, decoded for every image as PartialCLIP's loaders do: Pillow, a random resized crop, a flip. The same file and the same kind of view that
    bench-gpu decodes and draws (rrc-flip: a share of 0.08 to 1 of the image, 3:4 to 4:3, bilinear)."""

    def __init__(self, file, count):
        from PIL import Image
        self.image, self.count = Image, count
        if not file.exists():
            noise = Image.effect_noise((500, 375), 64).convert("RGB")
            noise.save(file, "JPEG", quality=90)
        self.bytes = file.read_bytes()

    def __len__(self):
        return self.count

    @staticmethod
    def box(width, height, draw):
        for _ in range(10):
            area = width * height * draw.uniform(0.08, 1)
            ratio = math.exp(draw.uniform(math.log(3 / 4), math.log(4 / 3)))
            w, h = round(math.sqrt(area * ratio)), round(math.sqrt(area / ratio))
            if 0 < w <= width and 0 < h <= height:
                left, top = draw.randint(0, width - w), draw.randint(0, height - h)
                return left, top, left + w, top + h
        side = min(width, height)
        return (width - side) // 2, (height - side) // 2, (width + side) // 2, (height + side) // 2

    def __getitem__(self, i):
        draw = random.Random(i)
        image = self.image.open(io.BytesIO(self.bytes)).convert("RGB")
        image = image.resize((SIDE, SIDE), self.image.BILINEAR, self.box(*image.size, draw))
        if draw.random() < 0.5:
            image = image.transpose(self.image.FLIP_LEFT_RIGHT)
        return torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8).view(SIDE, SIDE, 3), i % C


net = NanoClip(load(snapshot + "/model.safetensors"), blocks=12, heads=12, bottleneck=4, device=device)
head = F.normalize(torch.randn(C, 768, device=device)).requires_grad_()
trained = [head]
if adapt == "adaptformer":
    trained += net.trained
elif adapt == "full-tuning":
    frozen = [net.patch, net.cls, net.position, *net.pre, *net.post]
    frozen += [t for block in net.blocks for part in block[:6] for t in part]
    trained += [t.requires_grad_() for t in frozen]
if adapt != "adaptformer":
    for own in net.trained:
        own.requires_grad_(False)
optimiser = torch.optim.AdamW(trained, lr=1e-4, fused=device != "cpu")
mean, deviation = (torch.rand(1, 3, 1, 1, device=device) + 0.2 for _ in range(2))
cast = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision)


def losses(levels, labels):
    x = (levels.permute(0, 3, 1, 2).float() / 255 - mean) / deviation
    with torch.autocast(torch.device(device).type, dtype=cast, enabled=cast is not None):
        features = net(x)
    return F.cross_entropy(25 * F.normalize(features.float()) @ F.normalize(head).T, labels)


compiled = losses
if way == "tuned" and device != "cpu":
    try:
        compiled = torch.compile(losses)
        compiled(torch.zeros(rows, SIDE, SIDE, 3, dtype=torch.uint8, device=device), torch.zeros(rows, dtype=torch.long, device=device)).backward()
    except Exception as error:                    # no compiler on this machine
        print(f"torch.compile: {error}", file=sys.stderr)
        compiled = losses


def step(levels, labels):
    optimiser.zero_grad(set_to_none=True)
    loss = compiled(levels, labels)
    loss.backward()
    optimiser.step()
    return loss


if way == "tuned":
    images = torch.randint(0, 256, (rows * 4, SIDE, SIDE, 3), dtype=torch.uint8, device=device)
    labels = torch.arange(rows * 4, device=device) % C
    batches = ((images[i % 4 * rows:(i % 4 + 1) * rows], labels[i % 4 * rows:(i % 4 + 1) * rows]) for i in range(WARM + steps))
else:
    loader = torch.utils.data.DataLoader(Encoded(Path(snapshot).parent / "image.jpg", rows * (WARM + steps)), rows, num_workers=4, pin_memory=device != "cpu")
    batches = ((levels.to(device, non_blocking=True), labels.to(device, non_blocking=True)) for levels, labels in loader)
begin = 0
for number, (levels, labels) in enumerate(batches):
    loss = step(levels, labels)
    if number in (WARM - 1, WARM + steps - 1):
        loss.item()
        if number == WARM - 1:
            begin = time.perf_counter()
seconds = time.perf_counter() - begin
peak = torch.cuda.max_memory_reserved() if device != "cpu" else 0
print(json.dumps({"images_per_second": rows * steps / seconds, "peak_memory": peak, "compiled": compiled is not losses}))
