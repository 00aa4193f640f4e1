"""@NAME@: a linear classifier of the model's features by softmax regression, in numpy, so that it runs wherever winnow does. Put yours in its place."""
import numpy
from winnow import trainer


def softmax(scores):
    power = numpy.exp(scores - scores.max(1, keepdims=True))
    return power / power.sum(1, keepdims=True)


@trainer.main                                       # last in the file
def train(stage):
    features, test = stage.features("train"), stage.features("test")    # images: stage.train.pixels, stage.train[i]
    targets = numpy.eye(stage.classes, dtype="f4")[stage.given]         # candidate sets: stage.candidates, N x C
    weights = numpy.zeros((features.shape[1], stage.classes), "f4")
    moved = numpy.zeros_like(weights)
    if state := stage.load():                       # of an attempt that was stopped or killed
        weights, moved = state
    batch, epochs = stage["train.batch"], stage["train.epochs"]
    for epoch in stage.epochs():
        order = numpy.random.default_rng([stage.seed, epoch]).permutation(len(features))
        steps = [order[first:first + batch] for first in range(0, len(order), batch)]
        for step, rows in enumerate(steps):
            difference = softmax(features[rows] @ weights) - targets[rows]
            moved = stage["momentum"] * moved - stage["train.lr"] * features[rows].T @ difference / len(rows)
            weights = weights + moved
            stage.progress(epoch, epochs, epoch * len(steps) + step + 1, epochs * len(steps))
        stage.epoch(epoch, test=test @ weights)     # winnow measures; figures of your own may stand beside it
        stage.save((weights, moved), epoch)
