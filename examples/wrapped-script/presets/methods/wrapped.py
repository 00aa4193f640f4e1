import torch
from their_script import fit, predict, to_tensor
from winnow import trainer


@trainer.main
def train(stage):
    given = torch.from_numpy(stage.given.copy())
    network = fit(to_tensor(stage.train.pixels), given, stage.classes, stage["train.epochs"], lr=stage["train.lr"], seed=stage.seed)
    stage.predict(test=predict(network, to_tensor(stage.test.pixels)))
