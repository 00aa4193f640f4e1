"""No single method is named in area train, which drives them all through one interface (docs/design.md#6): a method that needs something
of its own there does not fit, and then the interface is wrong. A planted violation must be found.

    python3 tests/house/methods_in_train.py
"""
import pathlib
import re
import sys

from planted import not_found

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


PLANTED = {"src/train/planted.cpp": ('bool is_special(const std::string& name) { return name == "proden"; }\nauto other = make_method("contrastive");\n',
                                     ["src/train/planted.cpp:1: area train names the method proden", "src/train/planted.cpp:2: area train names the method contrastive"])}


def main():
    found = violations(ROOT)
    print("\n".join(found))
    missed = not_found(ROOT, violations, ["include/winnow/train", "src/train", "src/method", "sweeps/presets/methods"], PLANTED)
    return 1 if found or missed else 0


if __name__ == "__main__":
    sys.exit(main())
