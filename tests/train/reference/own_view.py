#!/usr/bin/python3
"""The numbers of tests/train/own_view_test.cpp: what timm's and open_clip's own transforms make of an image. Run where both are installed."""
import numpy
import open_clip
import timm.data
import torch
from PIL import Image

y, x, c = numpy.meshgrid(numpy.arange(45), numpy.arange(61), numpy.arange(3), indexing="ij")
PICTURE = Image.fromarray(((x * 7 + y * 13 + c * 29 + (x * y) % 31) % 256).astype(numpy.uint8))


def sums(name, transform):
    pixels = (transform(PICTURE) * 255).round().to(torch.int64).permute(1, 2, 0).flatten()     # H x W x 3
    print(f'{name}: {pixels.numel()}, {int(pixels.sum())}, {int((pixels * (torch.arange(pixels.numel()) % 1009)).sum())}')


for size, crop_pct, crop_mode, interpolation in [(32, 0.9, "center", "bicubic"), (32, 0.875, "center", "bilinear"), (32, 0.95, "squash", "bicubic"), (32, 1.0, "squash", "lanczos"),
                                                 (32, 0.9, "center", "box"), (32, 0.9, "center", "hamming")]:
    config = timm.data.resolve_data_config(pretrained_cfg={"input_size": (3, size, size), "crop_pct": crop_pct, "crop_mode": crop_mode, "interpolation": interpolation,
                                                           "mean": (0, 0, 0), "std": (1, 1, 1)})
    sums(f"timm {crop_pct} {crop_mode} {interpolation}", timm.data.create_transform(**config, is_training=False))
for mode, interpolation in [("shortest", "bicubic"), ("shortest", "bilinear"), ("squash", "bicubic")]:
    sums(f"open_clip {mode} {interpolation}", open_clip.image_transform(32, is_train=False, mean=(0, 0, 0), std=(1, 1, 1), resize_mode=mode, interpolation=interpolation))
print("timm", timm.__version__, "open_clip", open_clip.__version__)
