"""A method of one's own, in Python: winnow hands over a stage, the method predicts, winnow measures (docs/programs.md).

    from winnow import trainer

    @trainer.main                                     # last in the file: begins when the file is started
    def train(stage):
        images, given = stage.train.pixels, stage.given
        for epoch in stage.epochs():
            ...
            stage.epoch(epoch, test=logits_of(stage.test.pixels), loss=loss)

Beside it stands a preset, presets/methods/NAME.toml, with [program] command = ["python3", "FILE.py"]. The function is called
once for each stage; what was imported stays. Whatever is printed is part of the log.
"""
from __future__ import annotations

import errno
import io
import json
import os
import pathlib
import pickle
import queue
import sys
import threading
import time
import traceback
from typing import Any, Callable, Dict, Iterator, List, Mapping, Optional, Sequence

import numpy

from . import _tensors

PROTOCOL = 1
EVENTS = 3                                            # the file descriptor of winnow's side
BETWEEN = 0.5                                         # seconds between reports of progress


class StageError(Exception):
    """A mistake in what a method asks of its stage or tells it: one line."""


class Stopped(BaseException):
    """Raised by progress(), epoch() and epochs() when winnow stops the stage. No `except Exception` catches it; save what a later
    attempt needs with save() before, after every epoch."""


class Images(Sequence[Any]):
    """A split's images, without names or labels, in an order of their own."""

    def __init__(self, arrays: Mapping[str, Any], split: str, count: int) -> None:
        self._split, self._count = split, count
        self._pixels = arrays.get(split + ".pixels")
        self._files, self._ends = arrays.get(split + ".files"), arrays.get(split + ".ends")

    @property
    def pixels(self) -> Any:
        """N x height x width x channels, uint8, mapped; where all images have one size."""
        if self._pixels is None:
            raise StageError(f"the images of split {self._split} are of many sizes: take them one by one, images[i]")
        return self._pixels

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        """height x width x channels, uint8. Images of many sizes are decoded by Pillow."""
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        i = index + self._count if index < 0 else index
        if not 0 <= i < self._count:
            raise IndexError(f"image {index} of {self._count}")
        if self._pixels is not None:
            return self._pixels[i]
        from PIL import Image
        first = int(self._ends[i - 1]) if i else 0
        with Image.open(io.BytesIO(self._files[first:int(self._ends[i])].tobytes())) as image:
            return numpy.asarray(image.convert("RGB"))


class Selection:
    """What an earlier stage selected of the training samples."""

    def __init__(self, arrays: Mapping[str, Any]) -> None:
        self.mask: Any = arrays["selection.mask"] != 0  # N
        self.label: Optional[Any] = arrays.get("selection.label")  # N
        self.score: Optional[Any] = arrays.get("selection.score")  # N, or none


class Stage:
    """What one execution of the method works on. Rows of all that concerns a split are in the order of its images."""

    def __init__(self, order: Mapping[str, Any], wire: "_Wire") -> None:
        self._wire, self._folder = wire, pathlib.Path(order["handover"])
        self._output = pathlib.Path(order["output"])
        said = json.loads((self._folder / "stage.json").read_text())
        self.identity: str = said["identity"]
        self.kind: str = said["kind"]                 # "train" or "detect"
        self.settings: Dict[str, Any] = said["settings"]
        self.seed: int = said["seed"]                 # of whatever the method draws
        self.classes: int = said["classes"]
        self.class_names: Optional[List[str]] = said.get("class_names")  # where the preset takes them
        self.weights: Optional[str] = said.get("weights")  # the model's: a folder as downloaded, or a run file; where the preset takes them
        self.outputs: List[str] = said["outputs"]
        self.checkpoint = pathlib.Path(order["checkpoint"])  # a folder that later attempts find again
        self.attempt: int = order["attempt"]
        self.device: str = order["device"]            # "cpu", "cuda:0"
        self.threads: int = order["threads"]
        self.out_of_memory: int = order["out_of_memory"]  # attempts before this one: compute in smaller pieces
        self.trial: bool = order["trial"]             # `winnow try`: a moment is enough, nothing is kept
        left = order.get("time_left")
        self._end: Optional[float] = None if left is None else time.monotonic() + left
        self._token: str = said["handover"]
        self._samples: Dict[str, int] = said["samples"]
        images, _ = _tensors.read(pathlib.Path(said["images"]))
        self.train, self.validation, self.test = (Images(images, split, self._samples[split]) for split in ("train", "validation", "test"))
        # Further test splits by name, where the preset reads evaluation.further_tests and the sweep asks for them.
        self.further_tests: Dict[str, Images] = {
            name: Images(_tensors.read(pathlib.Path(file))[0], "test." + name, self._samples["test." + name]) for name, file in said.get("further_images", {}).items()}
        # What the detector trained, by name; where the preset takes detector-weights.
        self.detector_weights: Optional[Dict[str, Any]] = _tensors.read(self._folder / said["detector"])[0] if "detector" in said else None
        self._labels, _ = _tensors.read(self._folder / said["labels"])
        self._inputs, _ = _tensors.read(self._folder / said["inputs"])
        self._done: Dict[str, Any] = {}
        self._reported, self._epochs, self._total = 0.0, 0, 0
        self._known: int = order["epochs"]            # whose end winnow has heard of
        self._ended = -1                              # the last epoch that was reported

    # What is given.

    def __getitem__(self, key: str) -> Any:
        """A setting: stage["train.lr"]."""
        if key not in self.settings:
            raise StageError(f"the stage has no setting '{key}': declare it in the preset ([keys]), or name it in [program] reads; there are {', '.join(sorted(self.settings))}")
        return self.settings[key]

    @property
    def given(self) -> Optional[Any]:
        """N classes, int64; none where there are candidate sets, or no labels."""
        return self._labels.get("given")

    @property
    def candidates(self) -> Optional[Any]:
        """N x C, bool; a given label is a set of one. None where there are no labels."""
        if "candidates" in self._labels:
            return self._labels["candidates"] != 0
        return None if self.given is None else numpy.eye(self.classes, dtype=bool)[self.given]

    @property
    def selection(self) -> Optional[Selection]:
        return Selection(self._inputs) if "selection.mask" in self._inputs else None

    def features(self, split: str) -> Any:
        """N x d, float32: by the stage's model as it is; where the preset takes them."""
        if "features." + split not in self._inputs:
            raise StageError(f"no features of split '{split}': the preset must say takes = [\"features\"]")
        return self._inputs["features." + split]

    @property
    def time_left(self) -> Optional[float]:
        """Seconds until the batch job ends that this runs in; none where nothing limits it. What is saved before goes on in the next."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    def dataset(self, split: str = "train", transform: Optional[Callable[[Any], Any]] = None) -> Any:
        """A torch Dataset of (image, label): of "train" the given label or the row of the candidate set, else the index alone."""
        from torch.utils.data import Dataset

        images = {"train": self.train, "validation": self.validation, "test": self.test, **{"test." + name: own for name, own in self.further_tests.items()}}[split]
        labels = None if split != "train" else self.given if self.given is not None else self.candidates

        class Samples(Dataset):  # type: ignore[type-arg]
            def __len__(self) -> int:
                return len(images)

            def __getitem__(self, index: int) -> Any:
                image = images[index]
                return transform(image) if transform else image, index if labels is None else labels[index]

        return Samples()

    # Resuming.

    def save(self, state: Any, epoch: int) -> None:
        """Keeps a state after this epoch for a later attempt; complete or not at all. With torch if it is there, else pickled."""
        part = self.checkpoint / ".state.part"
        with part.open("wb") as file:
            _saver().save({"epoch": epoch, "ended": self._ended, "state": state}, file)
        os.replace(part, self.checkpoint / "state")
        self._wire.say("checkpoint", identity=self.identity, step=epoch + 1)

    def load(self) -> Optional[Any]:
        """What save() kept, or none; epochs() then goes on after it."""
        file = self.checkpoint / "state"
        if self.trial or not file.exists():
            return None
        with file.open("rb") as opened:
            kept = _saver().load(opened)
        if kept["ended"] >= self._known:              # both were killed before winnow had read it
            self.note("the state that was kept is ahead of what was reported: the stage starts over")
            return None
        self._ended, self._epochs = kept["ended"], kept["epoch"] + 1
        self._wire.say("resumed", identity=self.identity, epoch=self._epochs, step=self._epochs)
        return kept["state"]

    def epochs(self, count: Optional[int] = None) -> Iterator[int]:
        """The epochs that are left: of the setting train.epochs, or of `count`. Of a trial one."""
        total = self["train.epochs"] if count is None else count
        self._total = total
        for epoch in range(self._epochs, min(total, 1) if self.trial else total):
            self._wire.require_going()
            yield epoch

    # What is reported.

    def progress(self, epoch: int, epochs: int, step: int, steps: int, **figures: float) -> None:
        """Now and then, at least every few seconds while it computes; `step` counts over all epochs. Cheap: call it every step."""
        self._wire.require_going()
        now = time.monotonic()
        if now - self._reported >= BETWEEN or step == steps:
            self._reported = now
            self._wire.say("progress", identity=self.identity, epoch=epoch, epochs=epochs, step=step, steps=steps, metrics=_plain(figures))

    def epoch(self, epoch: int, test: Any = None, validation: Any = None, further_tests: Optional[Mapping[str, Any]] = None, **figures: float) -> None:
        """The end of an epoch. `test`, `validation`, `further_tests` by name: a class a sample, or N x C scores, which winnow measures;
        figures of the method's own stand beside that, under names that winnow does not use."""
        file = None
        if test is not None:
            file = f"epoch-{epoch % 2}.safetensors"  # the one before stays whole
            self._write(file, _predictions(test, validation, further_tests))
        self._wire.say("epoch", identity=self.identity, epoch=epoch, epochs=self._total, predictions=file, metrics=_plain(figures))
        self._ended = epoch
        self._wire.require_going()

    def predict(self, test: Any, validation: Any = None, further_tests: Optional[Mapping[str, Any]] = None, **figures: float) -> None:
        """The predictions at the end, of a method that has no epochs."""
        self._write("predictions.safetensors", _predictions(test, validation, further_tests))
        self._done.update(predictions="predictions.safetensors", metrics=_plain(figures))

    def select(self, mask: Any, label: Any = None, score: Any = None) -> None:
        """A detector's answer for the training samples: which are kept, with which label (else the given one) and score."""
        self._write("selection.safetensors", {"mask": _array(mask).astype(bool), "label": label, "score": score})
        self._done["selection"] = "selection.safetensors"

    def score(self, train: Any) -> None:
        """N x C scores of the training samples, for later stages; where the preset gives them."""
        self._write("scores.safetensors", {"train": train})
        self._done["scores"] = "scores.safetensors"

    def give_weights(self, weights: Mapping[str, Any]) -> None:
        """What it has learnt, by name (a state_dict, say), all finite; where the preset gives weights. The run file keeps them, for
        `winnow model export` and for a learner that takes detector-weights."""
        self._write("weights.safetensors", weights)
        self._done["weights"] = "weights.safetensors"

    def note(self, text: str) -> None:
        """A line for who watches."""
        self._wire.say("note", identity=self.identity, text=text)

    def _write(self, file: str, arrays: Mapping[str, Any]) -> None:
        given = {name: _array(value) for name, value in arrays.items() if value is not None}
        for name, array in given.items():
            if not _tensors.writable(array.dtype):
                raise StageError(f"{name}: an array of {array.dtype}; expected numbers")
        _tensors.write(self._output / file, given, {"handover": self._token})


def _array(value: Any) -> Any:
    """numpy's, of anything that torch or numpy knows."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
        if str(value.dtype) == "torch.bfloat16":
            value = value.float()
        value = value.numpy()
    return numpy.asarray(value)


def _predictions(test: Any, validation: Any, further_tests: Optional[Mapping[str, Any]]) -> Dict[str, Any]:
    return {"test": test, "validation": validation, **{"test." + name: rows for name, rows in (further_tests or {}).items()}}


def _plain(figures: Mapping[str, Any]) -> Dict[str, Optional[float]]:
    result: Dict[str, Optional[float]] = {}
    for name, value in figures.items():
        number = float(value)
        result[name] = number if numpy.isfinite(number) else None
    return result


def _saver() -> Any:
    if "torch" not in sys.modules:
        return _Pickle
    import torch

    class Torch:
        save = staticmethod(torch.save)

        @staticmethod
        def load(file: Any) -> Any:
            return torch.load(file, weights_only=False)  # our own file
    return Torch


class _Pickle:
    save, load = staticmethod(pickle.dump), staticmethod(pickle.load)


class _Wire:
    """winnow's side: orders in, events out, one JSON object a line."""

    def __init__(self) -> None:
        try:
            self._events = os.fdopen(os.dup(EVENTS), "w")
        except OSError:
            raise SystemExit("this is a method for winnow, which starts it itself: name it in a sweep (docs/programs.md)") from None
        self._orders: "queue.Queue[Optional[Dict[str, Any]]]" = queue.Queue()
        self._stop = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        for line in sys.stdin:
            order = json.loads(line)
            if order["do"] == "stop":
                self._stop.set()
            else:
                self._orders.put(order)
        self._orders.put(None)

    def say(self, event: str, **fields: Any) -> None:
        self._events.write(json.dumps({"event": event, **fields}) + "\n")
        self._events.flush()

    def next(self) -> Optional[Dict[str, Any]]:
        order = self._orders.get()
        return None if order is None or order["do"] == "quit" else order

    def begin(self) -> None:
        self._stop.clear()

    def require_going(self) -> None:
        if self._stop.is_set():
            raise Stopped()


def _message(error: BaseException) -> str:
    """One line: what was raised, and where in the user's code."""
    place = ""
    for frame in traceback.extract_tb(error.__traceback__):
        if "/winnow/trainer.py" not in frame.filename:
            place = f" ({pathlib.Path(frame.filename).name}:{frame.lineno})"
    text = " ".join(str(error).split()) or "no message"
    if isinstance(error, StageError):
        return text + place
    if isinstance(error, ModuleNotFoundError):
        text += ": a program sees the files that its preset lists ([program] files), and installed packages"
    return f"{type(error).__name__}: {text}{place}"


def _class_of(error: BaseException) -> str:
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return "memory"
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    return "transient" if full else "user"            # somebody makes room


def serve(method: Callable[[Stage], None]) -> None:
    """Executes stages by `method` until winnow has no more."""
    wire = _Wire()
    wire.say("ready", protocol=PROTOCOL)
    while True:
        order = wire.next()
        if order is None:
            return
        wire.begin()
        identity = order["identity"]
        try:
            stage = Stage(order, wire)
            method(stage)
            wire.say("done", identity=identity, **stage._done)
        except Stopped:
            wire.say("stopped", identity=identity)
        except (Exception, SystemExit) as error:
            traceback.print_exc()
            sys.stderr.flush()
            wire.say("failed", identity=identity, **{"class": _class_of(error), "message": _message(error)})


def main(method: Callable[[Stage], None]) -> Callable[[Stage], None]:
    """Marks the method of a file that is started as a program; last in the file."""
    if method.__module__ == "__main__":
        serve(method)
    return method
