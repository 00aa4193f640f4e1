#!/usr/bin/env python3
"""What transformers' image processors do where their file is silent, as tests/view/reference/image_processors.json: by type, each key with its
default. tests/view/preprocessor_test.cpp holds winnow's table against it. Run where transformers (with its processors on NumPy and Pillow: 4.57) is.

    tests/view/reference/image_processors.py
"""
import json
import pathlib

import transformers

TYPES = ["CLIP", "ViT", "Siglip", "ConvNext", "Bit", "DeiT"]
KEYS = ["do_resize", "size", "resample", "do_center_crop", "crop_size", "crop_pct", "do_rescale", "rescale_factor", "do_normalize", "image_mean", "image_std", "do_pad"]


def main():
    table = {"transformers": transformers.__version__, "types": {}}
    for name in TYPES:
        own = getattr(transformers, f"{name}ImageProcessor")().to_dict()
        table["types"][f"{name}ImageProcessor"] = {key: int(own[key]) if key == "resample" else own[key] for key in KEYS if own.get(key) is not None}
    path = pathlib.Path(__file__).with_name("image_processors.json")
    path.write_text(json.dumps(table, indent=1) + "\n")
    print(f"{path}: {len(table['types'])} types of transformers {transformers.__version__}")


if __name__ == "__main__":
    main()
