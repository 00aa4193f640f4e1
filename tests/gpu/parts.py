"""The parts of launch/test-gpu. Each takes at most eight minutes, and says in a line what came out, perhaps with figures for the goals, or raises Failure."""
import csv
import io
import json
import shutil
import struct
import subprocess
import textwrap
import time


# Products of matrices of ViT-B/16 at 224, in floating point operations an image; how often a step computes their like. Peaks of dense bf16 (NVIDIA's data sheets).
FORWARD = 35.1e9
PASSES = {"linear-probe": 1, "adaptformer": 2, "full-tuning": 3}
PEAKS = {"H200": 989e12, "H100": 989e12, "A100": 312e12}
SECONDS = 480                                     # a part may take
# Between a CPU and a GPU, which round differently: of one experiment's accuracy (500 test images, so a point is five of them), and of the mean of all.
APART, MEAN_APART = 0.03, 0.01
ADAPTATIONS = ("adaptformer", "full-tuning", "linear-probe")
PACKED = (1, 2, 4, 8)                             # trainers on one GPU
SPREADS = {"one": ("--trainers", 1), "all": (), "packed": ("--per-gpu", 4)}


class Failure(Exception):
    pass


class Parts:
    """`place`: the folder of the tree or of an unpacked bundle. `environment`: in which its programs find their libraries. `torch`: the command of a Python
    that has torch, and its environment, or None."""

    def __init__(self, place, build, inputs, environment, gpus, device="cuda", torch=None):
        self.bin, self.golden_cases, self.inputs, self.gpus, self.device, self.torch = build / "bin", place / "tests/golden", inputs, gpus, device, torch
        self.folder = build / "gpu"
        self.folder.mkdir(exist_ok=True)
        self.environment = dict(environment, WINNOW_CACHE=str(self.folder / "cache"), WINNOW_PRESETS=str(inputs / "presets"), OMP_NUM_THREADS="1")
        self.sweep = inputs / "gpu.toml"
        self.torch_step = place / "tests/gpu/torch_step.py"
        self.known = False
        self.figures = {}                         # of this part, by name; and in `known_figures` those of parts that passed
        self.known_figures = {}
        self.begin()

    def begin(self):
        """Before each part."""
        self.figures, self.deadline = {}, time.monotonic() + SECONDS

    def left(self):
        return max(1.0, self.deadline - time.monotonic())

    def call(self, *words, environment=None):
        words = [str(word) for word in words]
        try:
            done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=self.left(), env=environment or self.environment)
        except subprocess.TimeoutExpired:
            raise Failure(f"{' '.join(words)}: the part took more than {SECONDS} s")
        if done.returncode:
            raise Failure(f"{' '.join(words)}: exit code {done.returncode}\n{done.stdout[-3000:]}")
        return done.stdout

    def last_line(self, *words):
        return self.call(*words).strip().splitlines()[-1]

    def know_inputs(self):
        if not self.known:
            self.call(self.bin / "winnow", "data", "check", "fashion-8000")
            self.call(self.bin / "winnow", "model", "check", "nano-clip-snapshot")
        self.known = True

    def winnow_run(self, store, *options, sweep=None):
        self.know_inputs()
        shutil.rmtree(store, ignore_errors=True)
        begin = time.time()
        self.call(self.bin / "winnow", "run", sweep or self.sweep, "--from-scratch", "--store", store, *options)
        return store, time.time() - begin

    def run(self, name, *options):
        return self.winnow_run(self.folder / name, *options)

    @staticmethod
    def digests(store):
        return {file.stem: "%016x%016x" % struct.unpack("<QQ", file.read_bytes()[56:72]) for file in (store / "runs").glob("??/*.h5")}

    def accuracies(self, store):
        text = self.call(self.bin / "winnow", "report", self.sweep, "--store", store, "--format", "csv")
        return [float(row["accuracy"]) for row in csv.DictReader(io.StringIO(text)) if row["accuracy"]]

    def gang(self, *words):
        return self.call("mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", min(self.gpus, 4), *words)

    def golden_words(self, *options):
        return [self.bin / "winnow-train", "golden", self.golden_cases, "--list", self.golden_cases / "required.txt", "--device", self.device, *options]

    def module(self):
        """libwinnow-cuda.so loads; max_pool2d's backward has the same bits 20 times; a forbidden wait is an error"""
        return self.last_line(self.bin / "test-cuda-module", "--gtest_brief=1", "--gtest_filter=-NcclGang*")

    def nccl(self):
        """NCCL keeps the contract of a collective, a GPU for each process"""
        words = [self.bin / "test-cuda-module", "--gtest_brief=1", "--gtest_filter=NcclGang*"]
        return (self.call(*words) if self.gpus < 2 else self.gang(*words)).strip().splitlines()[-1]

    def golden(self):
        """golden cases on the GPU, within their tolerances"""
        return self.last_line(*self.golden_words())

    def chunks(self):
        """method cases in chunks"""
        return self.last_line(*self.golden_words("--only", "method", "--chunk", 3))

    def gangs(self):
        """method cases by a gang, a GPU each"""
        if self.gpus < 2:
            return "not run: one GPU"
        return self.gang(*self.golden_words("--only", "method")).strip().splitlines()[-1]

    def waits(self):
        """the host waits for nothing while steps are computed: torch's synchronisation debug mode"""
        self.know_inputs()
        plan = json.loads(self.call(self.bin / "winnow", "plan", self.sweep, "--store", self.folder / "nothing", "--json"))
        tried = []
        for stage in plan["stages"]:
            method = stage["settings"].get("method")
            if stage["kind"] != "train" or method in tried:
                continue
            tried.append(method)
            file, output = self.folder / f"{method}.json", self.folder / f"{method}.h5"
            file.write_text(json.dumps(stage))
            output.unlink(missing_ok=True)
            self.call(self.bin / "winnow-train", "stage", file, "--output", output, "--store", self.folder / "nothing", "--device", self.device, "--forbid-waits")
        return ", ".join(tried)

    def twice(self):
        """one sweep twice on one GPU: equal digests"""
        first, _ = self.run("first", "--device", self.device, "--trainers", 1)
        second, _ = self.run("second", "--device", self.device, "--trainers", 1)
        one, two = self.digests(first), self.digests(second)
        different = sorted(identity for identity in one if one[identity] != two.get(identity))
        if different or len(one) != len(two):
            raise Failure(f"{len(different)} of {len(one)} stages differ between two runs: {', '.join(different)}")
        return f"{len(one)} stages"

    def beside_the_cpu(self):
        """the same sweep on the CPU: accuracies"""
        there = self.accuracies(self.run("gpu", "--device", self.device)[0])
        here = self.accuracies(self.run("cpu", "--device", "cpu", "--trainers", 2)[0])
        if len(here) != len(there) or not here:
            raise Failure(f"{len(here)} accuracies on the CPU, {len(there)} on the GPU")
        apart = max(abs(a - b) for a, b in zip(here, there))
        of_means = abs(sum(here) - sum(there)) / len(here)
        words = f"{len(here)} accuracies, at most {100 * apart:.2f} points apart, their means {100 * of_means:.2f}"
        if apart > APART or of_means > MEAN_APART:
            raise Failure(f"{words}; {100 * APART:.0f} and {100 * MEAN_APART:.0f} are allowed")
        return words

    def memory_taken(self, left):
        """A program that holds all of the GPU's memory but so many MiB."""
        python, environment = self.torch
        hog = subprocess.Popen([*python, "-c", textwrap.dedent(f"""
            import torch
            free, _ = torch.cuda.mem_get_info()
            kept = torch.empty(free - ({left} << 20), dtype=torch.uint8, device="cuda")
            print("held", flush=True)
            input()
            """)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        if hog.stdout.readline() != "held\n":
            hog.kill()
            raise Failure("the program that takes the GPU's memory did not start")
        return hog

    def large_stage_with(self, left):
        """How attempts at a large stage ended with so many MiB: the classes of those that failed, and whether one was done."""
        large = self.folder / "large.toml"
        large.write_text(self.sweep.read_text().replace('["proden", "crdpll", "solar", "pico"]', '["cc"]').replace("[0, 1]", "[0]")
                         .replace('"adaptformer"', '"full-tuning"').replace("batch = 64", "batch = 1500"))
        store = self.folder / "little"
        self.know_inputs()
        shutil.rmtree(store, ignore_errors=True)
        hog = self.memory_taken(left)
        words = [self.bin / "winnow", "run", large, "--from-scratch", "--store", store, "--device", self.device, "--busy-gpus", "--trainers", 1, "--time-scale", 0.1]
        try:
            subprocess.run([str(word) for word in words], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=self.left())
        except subprocess.TimeoutExpired:
            raise Failure(f"with {left} MiB: the part took more than {SECONDS} s")
        finally:
            hog.kill()
        records = [json.loads(line[33:]) for file in sorted((store / "journal").glob("*.log")) for line in file.read_text().splitlines() if len(line) > 33]
        return [record["class"] for record in records if record["event"] == "failed"], any(record["event"] == "done" for record in records)

    def out_of_memory(self):
        """a stage that runs out of memory says so, and is done in smaller pieces when it is tried again"""
        if not self.torch:
            return "not run: no Python here can import torch"
        tried = []
        for left in (900, 1300, 1900):            # what CUDA itself takes of it differs
            failed, done = self.large_stage_with(left)
            if failed and done and set(failed) == {"memory"}:
                return f"with {left} MiB {len(failed)} attempts ran out of memory, the next was done in smaller pieces"
            tried.append(f"{left} MiB: {', '.join(failed) or 'none failed'}, {'done' if done else 'none was done'}")
        raise Failure(f"no stage ran out of memory and was then done: {'; '.join(tried)}")

    def spread(self, name):
        """the sweep on the GPUs of the node"""
        _, seconds = self.run(name, "--device", self.device, *SPREADS[name])
        self.figures["seconds"] = seconds
        return f"{seconds:.0f} s"

    def packing(self, trainers):
        """stages of nano-clip in an hour, trainers on one GPU"""
        many = self.folder / "many.toml"
        many.write_text(self.sweep.read_text().replace('["proden", "crdpll", "solar", "pico"]', '["proden"]').replace("[0, 1]", str(list(range(16)))))
        store, seconds = self.winnow_run(self.folder / f"many-{trainers}", "--device", self.device, "--per-gpu", trainers, "--trainers", trainers, sweep=many)
        self.figures["per_hour"] = 3600 * len(self.digests(store)) / seconds
        return f"{self.figures['per_hour']:.0f}"

    def sizes(self):
        return (64, 40) if self.device == "cuda" else (2, 1)

    def own_step(self, adapt, precision, loaders=-1):
        return json.loads(self.call(self.bin / "bench-gpu", self.folder / "vit", self.device, *self.sizes(), adapt, precision, loaders).strip().splitlines()[-1])

    def other_step(self, adapt, precision, way):
        python, environment = self.torch
        text = self.call(*python, self.torch_step, self.folder / "vit/clip", self.device, *self.sizes(), adapt, precision, way, environment=environment)
        return json.loads(text.strip().splitlines()[-1])

    def bench(self, adapt, precision):
        """images a second of ViT-B/16, winnow's : tuned PyTorch's, memory, and winnow's share of the bf16 peak"""
        if not self.torch:
            return "not run: no Python here can import torch"
        mine, yardstick = self.own_step(adapt, precision), self.other_step(adapt, precision, "tuned")
        self.figures["ratio"] = mine["images_per_second"] / yardstick["images_per_second"]
        words = f"{mine['images_per_second']:.0f} : {yardstick['images_per_second']:.0f}, {mine['peak_memory'] / 1e9:.1f} : {yardstick['peak_memory'] / 1e9:.1f} GB"
        if peak := next((flops for name, flops in PEAKS.items() if name in mine["kind"]), None) if precision == "bf16" else None:
            self.figures["of_peak"] = mine["images_per_second"] * FORWARD * PASSES[adapt] / peak
            words += f", {100 * self.figures['of_peak']:.0f} % of the peak"
        return words

    def from_jpeg(self):
        """images a second from JPEG files that both decode, crop and flip: winnow's in bf16 with 4 loaders : PartialCLIP's way, fp32 with Pillow on 4 workers"""
        if not self.torch:
            return "not run: no Python here can import torch"
        self.own_step("linear-probe", "bf16")     # writes the snapshot
        try:
            other = self.other_step("adaptformer", "fp32", "pillow")      # and the JPEG file
        except Failure as failure:
            if "No module named 'PIL'" in str(failure):
                return "not run: no Pillow here"
            raise
        mine = self.own_step("adaptformer", "bf16", 4)
        self.figures["ratio"] = mine["images_per_second"] / other["images_per_second"]
        return f"{mine['images_per_second']:.0f} : {other['images_per_second']:.0f}"

    def goals(self):
        """what the figures say of the goals"""
        def figure(part, name):
            return self.known_figures.get(part, {}).get(name)

        def ratio(one, other):
            return one / other if one and other else None

        def least(values):
            known = [value for value in values if value is not None]
            return min(known) if len(known) == len(ADAPTATIONS) else None

        packed = [figure(f"packing-{trainers}", "per_hour") for trainers in PACKED]
        verdicts = []
        for what, value, goal in (
                ("bf16 beside tuned PyTorch, the least of three adaptations", least(figure(f"bench-{adapt}-bf16", "ratio") for adapt in ADAPTATIONS), 1.2),
                ("from JPEG beside PartialCLIP's way", figure("from_jpeg", "ratio"), 5),
                ("share of the bf16 peak, full tuning", figure("bench-full-tuning-bf16", "of_peak"), 0.5),
                ("stages an hour of a GPU, the most of its trainers beside one", ratio(max((value for value in packed if value), default=None), packed[0]), 3)):
            verdicts.append(f"{what}: not known" if value is None else f"{what}: {value:.2f} of {goal:g}, {'reached' if value >= goal else 'missed'}")
        return "; ".join(verdicts)

    def start(self):
        """every program starts, a few golden cases and a stage are computed on the CPU"""
        self.call(self.bin / "winnow", "--version")
        self.call(self.bin / "test-cuda-module", "--gtest_list_tests")
        self.call(self.bin / "winnow-train", "golden", self.golden_cases, "--list", self.golden_cases / "required.txt", "--only", "method/proden")
        self.call("mpirun", "--allow-run-as-root", "--oversubscribe", "--bind-to", "none", "-n", 2, self.bin / "winnow-train", "golden", self.golden_cases, "--list",
                  self.golden_cases / "required.txt", "--only", "method/proden")
        small = self.folder / "small.toml"
        small.write_text(self.sweep.read_text().replace('["proden", "crdpll", "solar", "pico"]', '["cc"]').replace("[0, 1]", "[0]").replace("samples = 2000", "samples = 128")
                         .replace("test_samples = 500", "test_samples = 50"))
        store, _ = self.winnow_run(self.folder / "start", "--device", "cpu", sweep=small)
        return f"{len(self.digests(store))} stage"


# In the order in which they are run, what is cheap and what has surprises first: a part's name, its function, and what that is given. One that is stopped loses
# itself alone.
PARTS = {name: (name, ()) for name in ("module", "nccl", "golden", "twice", "waits", "chunks", "gangs", "beside_the_cpu", "out_of_memory")}
PARTS |= {f"spread-{name}": ("spread", (name,)) for name in SPREADS}
PARTS |= {f"packing-{trainers}": ("packing", (trainers,)) for trainers in PACKED}
PARTS |= {f"bench-{adapt}-{precision}": ("bench", (adapt, precision)) for adapt in ADAPTATIONS for precision in ("fp32", "tf32", "bf16")}
PARTS |= {"from_jpeg": ("from_jpeg", ()), "goals": ("goals", ())}
