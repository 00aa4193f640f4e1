#!/usr/bin/env python3
"""What timm's names of vision transformers, ConvNeXts and ResNets mean, as src/model/timm_architectures.txt: sizes, activation, epsilon, and
for those that winnow's towers are not, why. Every model is built (without memory for its weights) and looked at. Run where timm and torch are.

    tests/model/reference/timm_architectures.py
"""
import pathlib
import sys

import timm
import torch
from timm.layers import AttentionPoolLatent, Mlp, PatchEmbed
from timm.models.convnext import ConvNeXt, ConvNeXtBlock
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from timm.models.vision_transformer import Attention, Block, VisionTransformer
from torch import nn

ROOT = pathlib.Path(__file__).resolve().parents[3]


class Other(Exception):
    """Not one of winnow's towers; the text says why."""


def need(holds, why):
    if not holds:
        raise Other(why)


def activation(layer):
    name = type(layer).__name__
    if name == "GELU" and getattr(layer, "approximate", "none") == "tanh":
        return "gelu_tanh"
    known = {"GELU": "gelu", "GELUTanh": "gelu_tanh", "QuickGELU": "quick_gelu"}
    need(name in known, f"its activation is {name}")
    return known[name]


def only(values, what):
    values = set(values)
    need(len(values) == 1, f"its parts differ in {what}")
    return values.pop()


def vit(model):
    need(type(model) is VisionTransformer, f"it is a {type(model).__name__}")
    need(type(model.patch_embed) is PatchEmbed, "its images pass a convolutional network first")
    need(isinstance(model.patch_embed.norm, nn.Identity), "its patches are normalised")
    need(getattr(model, "reg_token", None) is None, "it has register tokens")
    need(getattr(model, "rope", None) is None, "it has rotary positions")
    need(model.pos_embed is not None, "it has no position table")
    blocks = list(model.blocks)
    need(all(type(b) is Block for b in blocks), f"its blocks are {type(blocks[0]).__name__}")
    need(all(isinstance(b.ls1, nn.Identity) and isinstance(b.ls2, nn.Identity) for b in blocks), "its blocks have layer scales")
    need(all(type(b.attn) is Attention and isinstance(b.attn.q_norm, nn.Identity) for b in blocks), "its queries are normalised")
    need(all(type(b.mlp) is Mlp and isinstance(b.mlp.norm, nn.Identity) for b in blocks), "its MLPs are gated or normalised")
    need(isinstance(model.fc_norm, nn.Identity), "its pool is an average")
    norms = [n for b in blocks for n in (b.norm1, b.norm2)] + [model.norm]
    pre = not isinstance(model.norm_pre, nn.Identity)
    norms += [model.norm_pre] if pre else []
    pool = model.attn_pool
    if pool is not None:
        need(type(pool) is AttentionPoolLatent and pool.pool == "token" and pool.latent_len == 1, "its attention pool is another")
        norms.append(pool.norm)
    need(all(isinstance(n, nn.LayerNorm) for n in norms), "its normalisation is no LayerNorm")
    side = only(model.patch_embed.img_size, "the sides of images")
    return {"img_size": side, "patch_size": only(model.patch_embed.patch_size, "the sides of patches"), "embed_dim": model.embed_dim,
            "depth": len(blocks), "num_heads": only([b.attn.num_heads for b in blocks], "heads"),
            "hidden": only([b.mlp.fc1.out_features for b in blocks], "the MLP's width"),
            "act_layer": only([activation(b.mlp.act) for b in blocks] + ([activation(pool.mlp.act)] if pool else []), "the activation"),
            "eps": only([n.eps for n in norms], "the epsilon"), "qkv_bias": int(only([b.attn.qkv.bias is not None for b in blocks], "biases")),
            "patch_bias": int(model.patch_embed.proj.bias is not None), "pre_norm": int(pre), "class_token": int(model.cls_token is not None),
            "global_pool": model.global_pool}


def convnext(model):
    need(type(model) is ConvNeXt, f"it is a {type(model).__name__}")
    need(len(model.stem) == 2 and isinstance(model.stem[0], nn.Conv2d), "its stem has overlapping patches")
    blocks = [b for s in model.stages for b in s.blocks]
    need(all(type(b) is ConvNeXtBlock for b in blocks), "its blocks are others")
    need(all(b.conv_dw.kernel_size == (7, 7) for b in blocks), "its kernels are not 7 x 7")
    need(all(type(b.mlp).__name__ == "Mlp" for b in blocks), "its MLPs are convolutions or have response normalisation")
    need(isinstance(model.norm_pre, nn.Identity), "it normalises before the pool")
    need(isinstance(model.head.pre_logits, nn.Identity), "its head has a hidden layer")
    norms = [b.norm for b in blocks] + [model.head.norm, model.stem[1]] + [s.downsample[0] for s in list(model.stages)[1:]]
    need(all("LayerNorm" in type(n).__name__ for n in norms), "its normalisation is no LayerNorm")
    return {"depths": ",".join(str(len(s.blocks)) for s in model.stages), "dims": ",".join(str(s.blocks[0].conv_dw.out_channels) for s in model.stages),
            "patch_size": model.stem[0].kernel_size[0], "act_layer": only([activation(b.mlp.act) for b in blocks], "the activation"),
            "eps": only([n.eps for n in norms], "the epsilon")}


def resnet(model):
    need(type(model) is ResNet, f"it is a {type(model).__name__}")
    need(isinstance(model.conv1, nn.Conv2d) and model.conv1.kernel_size == (7, 7) and model.conv1.stride == (2, 2), "its stem is deep or tiered")
    need(isinstance(model.maxpool, nn.MaxPool2d), "its stem's pool is not the largest value")
    need(isinstance(model.bn1, nn.BatchNorm2d), "its normalisation is no BatchNorm")
    blocks = [b for s in (model.layer1, model.layer2, model.layer3, model.layer4) for b in s]
    need(all(type(b) in (BasicBlock, Bottleneck) for b in blocks), "its blocks are others")
    need(type(model.act1) is nn.ReLU and all(type(b.act1) is nn.ReLU for b in blocks), f"its activation is {type(model.act1).__name__}")
    need(all(b.se is None for b in blocks), "its blocks have channel attention")
    need(all(isinstance(b.aa, nn.Identity) for b in blocks), "its strides are blurred")
    need(all(isinstance(b.bn1, nn.BatchNorm2d) for b in blocks), "its normalisation is no BatchNorm")
    need(all(b.conv2.groups == 1 for b in blocks), "its convolutions are grouped")
    need(all(b.downsample is None or (len(b.downsample) == 2 and b.downsample[0].kernel_size == (1, 1)) for b in blocks),
         "its shortcuts shrink by averaging")
    need(isinstance(model.fc, (nn.Linear, nn.Identity)), "its head has a hidden layer")
    return {"depths": ",".join(str(len(s)) for s in (model.layer1, model.layer2, model.layer3, model.layer4)),
            "block": "bottleneck" if type(blocks[0]) is Bottleneck else "basic"}


def line(name, seen):
    try:
        with torch.device("meta"):
            model = timm.create_model(name)
        return " ".join([name, *(f"{key}={value}" for key, value in seen(model).items())])
    except Other as other:
        return f"{name} ! {other}"


def main():
    kinds = {"vit_": vit, "convnext": convnext, "resnet": resnet, "wide_resnet": resnet, "resnext": resnet, "seresnet": resnet, "ecaresnet": resnet}
    lines = [f"# timm {timm.__version__} by tests/model/reference/timm_architectures.py. NAME key=value ..., or NAME ! why winnow's towers are not it."]
    for name in sorted(timm.list_models()):
        for prefix, seen in kinds.items():
            if name.startswith(prefix):
                lines.append(line(name, seen))
                break
    (ROOT / "src/model/timm_architectures.txt").write_text("\n".join(lines) + "\n")
    print(len(lines) - 1, "architectures,", sum(" ! " in one for one in lines), "of them not winnow's", file=sys.stderr)


if __name__ == "__main__":
    main()
