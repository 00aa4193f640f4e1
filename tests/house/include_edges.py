"""The include edges of docs/design.md#2: an area may include only what CMakeLists.txt grants it, and those grants are the
design's. A planted violation must be found.

    python3 tests/house/include_edges.py
"""
import pathlib
import re
import sys

from planted import not_found

ROOT = pathlib.Path(__file__).resolve().parents[2]


def designed(root):
    """area -> areas, as the table of docs/design.md#2 says: names, "all but" names, or "-"."""
    table = re.search(r"^\| area \| owns \| may include \|\n\|[-|]+\n((?:\|.*\n)+)", (root / "docs/design.md").read_text(), re.M).group(1)
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]
    areas = [row[0] for row in rows if not row[0].startswith("cmd/")]
    edges = {}
    for names, _, may in rows:
        if names.startswith("cmd/"):                  # programs, which no area includes
            continue
        words = re.findall(r"\w+", may)
        edges[names] = [other for other in areas if other not in words[2:] + [names]] if words[:2] == ["all", "but"] else words
    return edges


TORCH_FREE = ["core", "stage", "label", "data", "text", "sweep", "store", "sched", "simulate", "fleet", "report"]


def granted(root):
    """area -> areas, as CMake links them."""
    text = (root / "CMakeLists.txt").read_text()
    edges = {}
    for area, rest in re.findall(r"winnow_area\((\w+)([^)]*)\)", text):
        may = re.search(r"MAY ([a-z ]+)", rest)
        edges[area] = may.group(1).split() if may else []
    return edges


def violations(root):
    edges, design = granted(root), designed(root)
    found = []
    for area, may in edges.items():
        if area not in design or set(may) != set(design[area]):
            found.append(f"CMakeLists.txt: {area} may include {may}, docs/design.md#2 says {design.get(area)}")
    found += [f"CMakeLists.txt: no area {area}" for area in design if area not in edges]
    for area in edges:
        for folder in (root / "include/winnow" / area, root / "src" / area):
            for file in sorted(folder.rglob("*.h")) + sorted(folder.rglob("*.cpp")):
                for number, line in enumerate(file.read_text().splitlines(), 1):
                    where = f"{file.relative_to(root)}:{number}"
                    include = re.match(r'\s*#\s*include\s*[<"]winnow/(\w+)/', line)
                    if include and include.group(1) not in [area, *edges[area]]:
                        found.append(f"{where}: {area} may not include {include.group(1)}")
                    if area in TORCH_FREE and re.match(r'\s*#\s*include\s*[<"](torch|ATen|c10)/', line):
                        found.append(f"{where}: {area} is built without torch")
    return found


PLANTED = {"src/core/planted.cpp": ('#include "winnow/sched/agent.h"\n', ["src/core/planted.cpp:1: core may not include sched"]),
           "src/sweep/planted.cpp": ("#include <torch/torch.h>\n", ["src/sweep/planted.cpp:1: sweep is built without torch"])}


def main():
    found = violations(ROOT)
    print("\n".join(found))
    found += not_found(ROOT, violations, ["CMakeLists.txt", "docs/design.md", "include", "src"], PLANTED)
    print(f"{len(found)} violations")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
