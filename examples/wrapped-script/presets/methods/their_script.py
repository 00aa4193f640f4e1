"""A training script as people write them: it knows nothing of winnow. `python3 their_script.py X.npy y.npy X_test.npy`."""
import argparse

import numpy
import torch
from torch import nn


class Network(nn.Module):
    def __init__(self, classes, channels):
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(channels, 16, 5, stride=2), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2), nn.ReLU(),
                                    nn.AdaptiveAvgPool2d(3), nn.Flatten(), nn.Linear(32 * 9, classes))

    def forward(self, images):
        return self.layers(images)


def to_tensor(images):
    return torch.from_numpy(numpy.array(images)).permute(0, 3, 1, 2).float() / 255


def fit(images, labels, classes, epochs=3, batch=64, lr=1e-3, seed=0):
    torch.manual_seed(seed)
    network = Network(classes, images.shape[1])
    optimiser = torch.optim.Adam(network.parameters(), lr=lr)
    for epoch in range(epochs):
        for rows in torch.randperm(len(images)).split(batch):
            loss = nn.functional.cross_entropy(network(images[rows]), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        print(f"epoch {epoch}: loss {loss.item():.3f}")
    return network


@torch.no_grad()
def predict(network, images, batch=500):
    return torch.cat([network(part) for part in images.split(batch)])


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name in ("images", "labels", "test"):
        parser.add_argument(name)
    arguments = parser.parse_args()
    known = torch.from_numpy(numpy.load(arguments.labels))
    trained = fit(to_tensor(numpy.load(arguments.images)), known, int(known.max()) + 1)
    print(predict(trained, to_tensor(numpy.load(arguments.test))).argmax(1))
