"""What checks of the tree share: a checker must find a violation that was planted in a copy."""
import pathlib
import shutil
import tempfile


def not_found(root, violations, copied, planted):
    """Places ("FILE:LINE: what") of `planted` ({file: (text, places)}) that `violations` does not find in a copy of these files and folders."""
    with tempfile.TemporaryDirectory() as folder:
        copy = pathlib.Path(folder)
        for name in copied:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (shutil.copytree if (root / name).is_dir() else shutil.copy)(root / name, copy / name)
        for name, (text, _) in planted.items():
            (copy / name).write_text(text)
        caught = violations(copy)
    missed = [place for _, places in planted.values() for place in places if place not in caught]
    for place in missed:
        print(f"the planted violation was not found: {place}")
    return missed
