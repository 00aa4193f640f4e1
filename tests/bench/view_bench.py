"""The other side of view_bench.cpp: the same pipelines with torchvision v2 on uint8 tensors, image by image (as its own data
loaders do: each image has its own draws). One thread.
    OMP_NUM_THREADS=1 python3 tests/bench/view_bench.py
"""
import math
import time

import torch
import torchvision
from torchvision.transforms import v2

torch.set_num_threads(1)
R, F = 224, v2.InterpolationMode.BILINEAR
END = [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])]
JITTER = v2.RandomApply([v2.ColorJitter(0.4, 0.4, 0.4, 0.1)], p=0.8)
PIPELINES = {
    "rrc-flip": [v2.RandomResizedCrop(R, interpolation=F, antialias=True), v2.RandomHorizontalFlip()],
    "moco2": [v2.RandomResizedCrop(R, scale=(0.2, 1), interpolation=F, antialias=True), JITTER, v2.RandomGrayscale(0.2),
              v2.RandomApply([v2.GaussianBlur(23, (0.1, 2.0))], p=0.5), v2.RandomHorizontalFlip()],
    "strong-fine": [v2.RandomResizedCrop(R, interpolation=F, antialias=True), v2.RandomHorizontalFlip(), v2.RandAugment(3)],
    "crop256": [v2.Resize((256, 256), interpolation=F, antialias=True), v2.RandomCrop(R), v2.RandomHorizontalFlip()],
}
images = torch.randint(0, 256, (128, 3, 256, 256), dtype=torch.uint8)
for name, steps in PIPELINES.items():
    pipeline, best = v2.Compose(steps + END), math.inf
    for _ in range(5):
        start = time.perf_counter()
        torch.stack([pipeline(image) for image in images])
        best = min(best, time.perf_counter() - start)
    print(f"{name:12} {best * 1000:8.1f} ms for 128 images, torchvision {torchvision.__version__}")
