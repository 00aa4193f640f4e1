"""Cross-entropy of a linear classifier on the features of the stage's model: what winnow's own `ce` does with adapt = "linear-probe"."""
import numpy
import torch
from torch import nn
from winnow import trainer


def batches(count, size, seed, epoch):
    """An order that depends on the seed and the epoch alone, so that a stage that resumes goes on as if nothing had been."""
    order = numpy.random.default_rng([seed, epoch]).permutation(count)
    return torch.from_numpy(order).split(size)


@trainer.main
def train(stage):
    torch.set_num_threads(stage.threads)
    torch.manual_seed(stage.seed)
    features = torch.from_numpy(stage.features("train").copy()).to(stage.device)
    test = torch.from_numpy(stage.features("test").copy()).to(stage.device)
    given = torch.from_numpy(stage.given.copy()).to(stage.device)

    classifier = nn.Linear(features.shape[1], stage.classes).to(stage.device)
    optimiser = torch.optim.Adam(classifier.parameters(), lr=stage["train.lr"], weight_decay=stage["train.weight_decay"])
    loss_of = nn.CrossEntropyLoss(label_smoothing=stage["smoothing"])
    if state := stage.load():
        classifier.load_state_dict(state["classifier"])
        optimiser.load_state_dict(state["optimiser"])

    epochs = stage["train.epochs"]
    for epoch in stage.epochs():
        steps = batches(len(features), stage["train.batch"], stage.seed, epoch)
        losses = []
        for step, rows in enumerate(steps):
            loss = loss_of(classifier(features[rows]), given[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
            stage.progress(epoch, epochs, epoch * len(steps) + step + 1, epochs * len(steps), loss=losses[-1])
        with torch.no_grad():
            stage.epoch(epoch, test=classifier(test), loss=sum(losses) / len(losses))
        stage.save({"classifier": classifier.state_dict(), "optimiser": optimiser.state_dict()}, epoch)
