"""The other side of image_bench.cpp: writes a 500 x 375 JPEG (quality 90, a scene of gradients and noise) where none is, and
times Pillow on it. One thread.
    python3 tests/bench/image_bench.py /tmp/image.jpg [SECONDS]
"""
import io
import pathlib
import sys
import time

import numpy
import PIL
from PIL import Image

path, seconds = pathlib.Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 3
if not path.exists():
    y, x = numpy.mgrid[0:375, 0:500]
    noise = numpy.random.default_rng(0).normal(0, 12, (375, 500, 3))
    scene = numpy.stack([128 + 100 * numpy.sin(x / 23), 128 + 100 * numpy.cos(y / 31), (x + y) / 4], 2) + noise
    Image.fromarray(scene.clip(0, 255).astype("uint8")).save(path, quality=90)
content = path.read_bytes()


def decode():
    return Image.open(io.BytesIO(content)).convert("RGB")


def crop(image):
    w, h = image.size
    size = (256, int(256 * h / w)) if w <= h else (int(256 * w / h), 256)
    image = image.resize(size, Image.BILINEAR)
    left, top = (size[0] - 224) // 2, (size[1] - 224) // 2
    return image.crop((left, top, left + 224, top + 224)).tobytes()


def fastest(f):
    best, end = 1e9, time.monotonic() + seconds
    while time.monotonic() < end:
        start = time.perf_counter()
        for _ in range(10):
            f()
        best = min(best, (time.perf_counter() - start) * 100)
    return best


image = decode()
print(f"Pillow {PIL.__version__}: decode {fastest(decode):.3f} ms, resize and crop {fastest(lambda: crop(image)):.3f} ms, "
      f"both {fastest(lambda: crop(decode())):.3f} ms an image")
