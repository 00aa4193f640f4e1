#!/usr/bin/python3
"""What winnow takes from ftfy (Robyn Speer, Apache License 2.0): the patterns by which it tells badly decoded text, as
src/text/mojibake.txt, and cases with ftfy's own answers, as tests/text/reference/ftfy_cases.txt. Run where ftfy is installed.

    tests/text/reference/ftfy_tables.py
"""
import pathlib
import random
import re
import sys

import ftfy
from ftfy import badness, chardata

ROOT = pathlib.Path(__file__).resolve().parents[3]


def escaped(text):
    return "".join(c if " " <= c <= "~" else f"\\x{{{ord(c):X}}}" for c in text)


def compact(verbose):
    """A verbose pattern in ICU's syntax, one alternative a line; {name} still stands for a class."""
    out, inside, position = [], False, 0
    verbose = re.sub(r"(?m)^\s*#.*$", "", verbose)
    while position < len(verbose):
        c = verbose[position]
        if c == "\\":
            pair = verbose[position:position + 2]
            # Python's classes, of which ICU has other ideas; escaped characters as they are.
            out.append({"\\s": "[\\s\\x{1C}-\\x{1F}]", "\\w": "[\\p{L}\\p{N}_]"}.get(pair, pair))
            position += 2
            if pair == "\\x":
                out[-1] = f"\\x{{{verbose[position:position + 2].upper()}}}"
                position += 2
            continue
        inside = c == "[" or (inside and c != "]")
        if inside or not c.isspace():
            out.append(escaped(c))
        position += 1
    return "".join(out)


def source_of(module, name):
    """The text of a triple-quoted pattern before its classes are filled in."""
    text = pathlib.Path(module.__file__).read_text()
    return re.search(name + r' = re\.compile\(\s*r?"""(.*?)"""', text, re.S).group(1)


def patterns():
    lines = [f"# From ftfy {ftfy.__version__} (Robyn Speer, Apache License 2.0): ftfy/badness.py and ftfy/chardata.py, by tests/text/reference/ftfy_tables.py.",
             "# Classes of characters; then alternatives of the pattern that tells badly decoded text, and of that which finds UTF-8 in it."]
    for classes in (badness.MOJIBAKE_CATEGORIES, chardata.UTF8_CLUES):
        for name, characters in classes.items():
            lines.append(f"{name} = {escaped(characters)}")
    lines.append("[badness]")
    lines += compact(source_of(badness, "BADNESS_RE")).split("|")
    lines.append("[utf8]")
    lines.append(compact(source_of(chardata, "UTF8_DETECTOR_RE")).replace("{{", "{").replace("}}", "}"))
    return "\n".join(lines) + "\n"


WORDS = """café naïve Müller Dvořák Łódź Škoda Žižka Kraków Ångström Þórr søster fjörður œuvre ¿qué? ¡olé! «да» Москва Київ Ελλάδα ναι İstanbul şöğüt
Šiauliai Žemaitija rīta ķēdes 漢字 日本語 한국 مرحبا שלום € £5 ½ ° ™ … – — “quoted” ‘it’s’ • 😀 🐍 ∞ ≠ √2 │box┐ naïve—yes a b c photo of the dog 10 µm §3 ¶
à la mode às vezes fácil l’été ’ “ ” ﬁne ＦＵＬＬ ｱｲｳ""".split()
EXTRA = ["&eacute;", "&EACUTE;", "&amp;lt;", "&notit;", "&semi;", "&#233;", "&#xE9;", "&#0;", "&bogus;", "<b>", "\ufffd", "\x1a", "\x85", "\x9d", "\x81", "?", "\r\n", "\u2028",
         "\x1b[31mred\x1b[0m", "\ufeff", "\u200b", "Ã ", "Â ", "Ã la ", "Ãquele ", "\xa0", "\t", "'", "\"", "ã€€", "â€œ", "â€", "√©", "вЂ™", "¬∑"]
ENCODINGS = chardata.CHARMAP_ENCODINGS


def misread(text, draw):
    encoding = draw.choice(ENCODINGS)
    wrong = text.encode("utf-8").decode(encoding, "replace" if draw.random() < 0.1 else "ignore" if draw.random() < 0.05 else "strict")
    if draw.random() < 0.1:
        wrong = wrong.replace("\xa0", " ")
    return wrong


def cases(count, seed):
    draw, result = random.Random(seed), {}
    while len(result) < count:
        text = draw.choice([" ", " ", "", "\n"]).join(draw.choice(WORDS if draw.random() < 0.8 else EXTRA) for _ in range(draw.randint(1, 4)))
        try:
            for _ in range(draw.choice([0, 1, 1, 1, 2, 3])):
                text = misread(text, draw)
        except UnicodeDecodeError:
            continue
        if draw.random() < 0.4:
            text = draw.choice(WORDS) + " " + text
        if draw.random() < 0.1:
            cut = draw.randrange(len(text) + 1)
            text = text[:cut] + draw.choice(EXTRA) + text[cut:]
        result[text] = ftfy.fix_text(text)
    return result


def lines_of(found):
    return "".join(f"{escaped(text)}\t{escaped(fixed)}\n" for text, fixed in found.items() if "\\" not in text)


if __name__ == "__main__":
    if len(sys.argv) == 3:                        # more cases, for a look: COUNT SEED
        sys.stdout.write(lines_of(cases(int(sys.argv[1]), int(sys.argv[2]))))
        sys.exit()
    (ROOT / "src/text/mojibake.txt").write_text(patterns())
    head = f"# text, tab, ftfy.fix_text(text) of ftfy {ftfy.__version__}; by tests/text/reference/ftfy_tables.py\n"
    (ROOT / "tests/text/reference/ftfy_cases.txt").write_text(head + lines_of(cases(300, 1)))
