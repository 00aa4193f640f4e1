"""The parts of launch/test-gpu. Each says in a line what came out, or raises Failure."""
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

    def call(self, *words, seconds=480, environment=None):
        words = [str(word) for word in words]
        try:
            done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, env=environment or self.environment)
        except subprocess.TimeoutExpired:
            raise Failure(f"{' '.join(words)}: took more than {seconds} s")
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
        return f"{len(here)} accuracies, at most {100 * apart:.2f} points apart"

    def out_of_memory(self):
        """a stage that runs out of memory says so, and is tried again in smaller pieces"""
        if not self.torch:
            return "not run: no Python here can import torch"
        python, environment = self.torch
        hog = subprocess.Popen([*python, "-c", textwrap.dedent("""
            import torch
            free, _ = torch.cuda.mem_get_info()
            kept = torch.empty(free - (900 << 20), dtype=torch.uint8, device="cuda")
            print("held", flush=True)
            input()
            """)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        try:
            if hog.stdout.readline() != "held\n":
                raise Failure("the program that takes the GPU's memory did not start")
            large = self.folder / "large.toml"
            large.write_text(self.sweep.read_text().replace('["proden", "crdpll", "solar", "pico"]', '["cc"]').replace("[0, 1]", "[0]")
                             .replace('"adaptformer"', '"full-tuning"').replace("batch = 64", "batch = 1500"))
            store = self.folder / "little"
            self.know_inputs()
            shutil.rmtree(store, ignore_errors=True)
            words = [self.bin / "winnow", "run", large, "--from-scratch", "--store", store, "--device", self.device, "--busy-gpus", "--trainers", 1, "--time-scale", 0.1]
            subprocess.run([str(word) for word in words], env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=400)
        finally:
            hog.kill()
        records = [json.loads(line[33:]) for file in sorted((store / "journal").glob("*.log")) for line in file.read_text().splitlines() if len(line) > 33]
        failed = [record["class"] for record in records if record["event"] == "failed"]
        if "memory" not in failed:
            raise Failure(f"no attempt ran out of memory: {failed or 'none failed'}")
        done = any(record["event"] == "done" for record in records)
        return f"{failed.count('memory')} attempts ran out of memory, " + ("the next was done" if done else "none was done with what was left")

    def all_of_the_node(self):
        """the sweep over all GPUs, then with four trainers on each"""
        _, alone = self.run("one", "--device", self.device, "--trainers", 1)
        _, all_of_them = self.run("all", "--device", self.device)
        _, packed = self.run("packed", "--device", self.device, "--per-gpu", 4)
        return f"1 GPU {alone:.0f} s, {self.gpus} {all_of_them:.0f} s, four trainers on each {packed:.0f} s"

    def packing(self):
        """stages of nano-clip in an hour, with 1, 2, 4 and 8 trainers on one GPU"""
        many = self.folder / "many.toml"
        many.write_text(self.sweep.read_text().replace('["proden", "crdpll", "solar", "pico"]', '["proden"]').replace("[0, 1]", str(list(range(16)))))
        found = []
        for trainers in (1, 2, 4, 8):
            store, seconds = self.winnow_run(self.folder / f"many-{trainers}", "--device", self.device, "--per-gpu", trainers, "--trainers", trainers, sweep=many)
            found.append(f"{trainers}: {3600 * len(self.digests(store)) / seconds:.0f}")
        return ", ".join(found)

    def bench(self):
        """images a second of ViT-B/16, winnow's : tuned PyTorch's, and winnow's share of the bf16 peak; beside PartialCLIP's way"""
        if not self.torch:
            return "not run: no Python here can import torch"
        rows, steps = (64, 40) if self.device == "cuda" else (2, 1)
        python, environment = self.torch
        folder = self.folder / "vit"
        found = []

        def own(adapt, precision, loaders=-1):
            return json.loads(self.call(self.bin / "bench-gpu", folder, self.device, rows, steps, adapt, precision, loaders).strip().splitlines()[-1])

        def other(adapt, precision, way):
            text = self.call(*python, self.torch_step, folder / "clip", self.device, rows, steps, adapt, precision, way, environment=environment)
            return json.loads(text.strip().splitlines()[-1])

        for adapt in ("adaptformer", "full-tuning", "linear-probe"):
            for precision in ("fp32", "tf32", "bf16") if self.device == "cuda" else ("fp32", "bf16"):
                mine, yardstick = own(adapt, precision), other(adapt, precision, "tuned")
                words = f"{adapt} {precision} {mine['images_per_second']:.0f} : {yardstick['images_per_second']:.0f}, {mine['peak_memory'] / 1e9:.1f} : {yardstick['peak_memory'] / 1e9:.1f} GB"
                if peak := next((flops for name, flops in PEAKS.items() if name in mine["kind"]), None) if precision == "bf16" else None:
                    words += f", {100 * mine['images_per_second'] * FORWARD * PASSES[adapt] / peak:.0f} % of the peak"
                found.append(words)
        try:
            loaded = own("adaptformer", "bf16", 4)
            found.append(f"with 4 loaders in bf16 {loaded['images_per_second']:.0f} : PartialCLIP's way {other('adaptformer', 'fp32', 'pillow')['images_per_second']:.0f}")
        except Failure as failure:
            found.append(f"PartialCLIP's way was not run: {str(failure).strip().splitlines()[-1]}")
        return "; ".join(found)

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


# In the order in which they are run: what is cheap and what has surprises first.
NAMES = ["module", "nccl", "golden", "twice", "waits", "chunks", "gangs", "beside_the_cpu", "out_of_memory", "all_of_the_node", "packing", "bench"]
