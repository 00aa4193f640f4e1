"""No single method is named in area train, which drives them all through one interface (docs/design.md#6): a method that needs something
of its own there does not fit, and then the interface is wrong. A planted violation must be found.

    python3 tests/house/methods_in_train.py
"""
import pathlib
import re
import shutil
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Values of settings that share a method's name: a learning rate's schedule is called after the paper that it comes from.
VALUES_OF_SETTINGS = {("src/train/schedule.cpp", "coop"), ("src/train/schedule.cpp", "grip")}
OTHER_WORDS = {"file"}  # the method whose selection is recorded; the word is everyone's


def methods(root):
    names = {preset.stem for preset in (root / "sweeps/presets/methods").glob("*.toml")}
    for source in (root / "src/method").rglob("*.cpp"):
        names |= set(re.findall(r'return \{"([a-z0-9-]+)", \[\] \{', source.read_text()))
    return names - OTHER_WORDS


def violations(root):
    names, found = methods(root), []
    for folder in ("src/train", "include/winnow/train"):
        for file in sorted((root / folder).rglob("*.h")) + sorted((root / folder).rglob("*.cpp")):
            path = str(file.relative_to(root))
            for number, line in enumerate(file.read_text().splitlines(), 1):
                for word in re.findall(r'"([^"\\]*)"', line.split("//")[0]):
                    if word in names and (path, word) not in VALUES_OF_SETTINGS:
                        found.append(f"{path}:{number}: area train names the method {word}")
    return found


def planted(root):
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for name in ("include/winnow/train", "src/train", "src/method", "sweeps/presets/methods"):
            shutil.copytree(root / name, copy / name)
        (copy / "src/train/planted.cpp").write_text('bool is_special(const std::string& name) { return name == "proden"; }\nauto other = make_method("contrastive");\n')
        return violations(copy)


def main():
    found = violations(ROOT)
    print("\n".join(found))
    caught = planted(ROOT)
    for place in ("src/train/planted.cpp:1: area train names the method proden", "src/train/planted.cpp:2: area train names the method contrastive"):
        if place not in caught:
            print(f"the planted violation was not found: {place}")
            found.append(place)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
