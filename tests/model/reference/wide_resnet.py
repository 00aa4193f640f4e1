#!/usr/bin/env python3
"""Expected values of tests/model/wide_resnet_test.cpp, from torch.nn's layers and torchvision's ResNet (torch 2.11, torchvision 0.26), in fp64.

Weights and images are sines of their index, so that nothing but results needs to be kept. Run: python3 wide_resnet.py
"""
import math

import torch
import torchvision
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):  # dropout as a fixed argument of the network; see the papers' code for the names
    def __init__(self, inside, outside, stride):
        super().__init__()
        self.bn1, self.conv1 = nn.BatchNorm2d(inside), nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.bn2, self.conv2 = nn.BatchNorm2d(outside), nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.convShortcut = nn.Conv2d(inside, outside, 1, stride, bias=False) if inside != outside else None

    def forward(self, x):
        a = F.relu(self.bn1(x))
        y = self.conv2(F.relu(self.bn2(self.conv1(a))))
        return (self.convShortcut(a) if self.convShortcut else x) + y


class Stage(nn.Module):
    def __init__(self, blocks, inside, outside, stride):
        super().__init__()
        self.layer = nn.Sequential(*[Block(inside if i == 0 else outside, outside, stride if i == 0 else 1) for i in range(blocks)])

    def forward(self, x):
        return self.layer(x)


class WideResNet(nn.Module):
    def __init__(self, depth, widening, classes):
        super().__init__()
        n, w = (depth - 4) // 6, [16, 16 * widening, 32 * widening, 64 * widening]
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.block1, self.block2, self.block3 = (Stage(n, w[i], w[i + 1], 1 if i == 0 else 2) for i in range(3))
        self.bn1, self.fc = nn.BatchNorm2d(w[3]), nn.Linear(w[3], classes)

    def forward(self, x):
        x = F.relu(self.bn1(self.block3(self.block2(self.block1(self.conv1(x))))))
        return self.fc(x.mean((2, 3)))


def fill(model):
    tensors = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    for t, name in enumerate(sorted(tensors)):
        value = tensors[name]
        wave = torch.sin(0.37 * (t + 1) + torch.arange(value.numel(), dtype=torch.double) * (0.11 * (t % 7 + 1))).view(value.shape)
        if value.dim() == 4:
            wave = wave * math.sqrt(4 / (value.numel() / value.shape[1]))
        elif value.dim() == 2:
            wave = wave / math.sqrt(value.shape[1])
        elif name.endswith(("running_var", "bn1.weight", "bn2.weight", "bn3.weight", "downsample.1.weight")):
            wave = 1 + 0.5 * wave
        else:
            wave = 0.2 * wave
        value.copy_(wave)


def show(name, model, pixels, last):
    model = model.double()
    with torch.no_grad():
        fill(model)
    model.eval()
    print(name, "evaluation", model(pixels).flatten().tolist())
    model.train()
    logits = model(pixels)
    logits.square().sum().backward()
    print(name, "training", logits.flatten().tolist())
    norms = [p.grad.norm().item() for k, p in sorted(model.named_parameters())]
    print(name, "gradients", len(norms), [norms[0], norms[len(norms) // 2], norms[-1]], "sum", sum(norms))
    model.eval()
    print(name, "after", model(pixels).flatten().tolist(), dict(model.named_buffers())[last][:2].tolist())


def image(rows, side):
    return torch.linspace(-1, 1, rows * 3 * side * side, dtype=torch.double).mul(40).sin().view(rows, 3, side, side)


show("small", WideResNet(10, 2, 3), image(3, 12), "bn1.running_var")
show("small-deep", WideResNet(16, 1, 3), image(3, 12), "bn1.running_var")
show("torchvision", torchvision.models.resnet.ResNet(torchvision.models.resnet.Bottleneck, [1, 2, 1, 1], num_classes=3, width_per_group=128),
     image(3, 40), "layer4.0.bn3.running_mean")
