#!/usr/bin/env python3
"""What transformers' configurations say where config.json is silent, as tests/model/reference/config_defaults.json: every key of every class, so that
a key which decides results is either read (tests/model/config_defaults_test.cpp compares it) or listed there as one that does not. Run where
transformers is.

    tests/model/reference/config_defaults.py
"""
import json
import pathlib

import transformers

CLASSES = {"clip": "CLIPConfig", "clip.text_config": "CLIPTextConfig", "clip.vision_config": "CLIPVisionConfig", "siglip.text_config": "SiglipTextConfig",
           "siglip.vision_config": "SiglipVisionConfig", "vit": "ViTConfig", "vit_mae": "ViTMAEConfig", "convnext": "ConvNextConfig", "resnet": "ResNetConfig"}


def main():
    common = set(transformers.PretrainedConfig().to_dict()) - {"eos_token_id"}
    table = {"transformers": transformers.__version__, "tables": {}}
    for name, kind in CLASSES.items():
        own = getattr(transformers, kind)().to_dict()
        table["tables"][name] = {key: value for key, value in sorted(own.items()) if key not in common and not isinstance(value, dict) and value is not None}
    path = pathlib.Path(__file__).with_name("config_defaults.json")
    path.write_text(json.dumps(table, indent=1) + "\n")
    print(f"{path}: {len(table['tables'])} tables of transformers {transformers.__version__}")


if __name__ == "__main__":
    main()
