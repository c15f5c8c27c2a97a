#!/usr/bin/env python3
"""Subsets DejaVu Sans (regular and bold) to what figures write, and writes the widths of its characters.

Usage: make_fonts.py FOLDER_WITH_TTF OUTPUT_FOLDER      (needs fonttools; made with fonttools 4.68.0, DejaVu 2.37)

`dejavu-sans.ttf` and `dejavu-sans-bold.ttf` are fonts; `dejavu-widths.bin` holds, for each character in order, its code
point (u32) and its advance widths in regular and bold (u16 each, 1/2048 em), little-endian.
"""
import struct
import sys
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

RANGES = [
    (0x20, 0x7E), (0xA0, 0x17F), (0x18F, 0x192), (0x1E8, 0x1EB), (0x218, 0x21B), (0x386, 0x3CE), (0x400, 0x45F),
    (0x1E9E, 0x1E9E), (0x2010, 0x2027), (0x2030, 0x203A), (0x2070, 0x209C), (0x20AC, 0x20AC), (0x2103, 0x2103),
    (0x2126, 0x2126), (0x2190, 0x2199), (0x2202, 0x2202), (0x2206, 0x2206), (0x2211, 0x2213), (0x2215, 0x221E),
    (0x2248, 0x2248), (0x2260, 0x2265), (0x25A0, 0x25A1), (0x25B2, 0x25BD), (0x25CB, 0x25CF), (0x2605, 0x2606),
]


def make(source, target, keep):
    options = subset.Options(layout_features=["kern", "mark"], hinting=False, notdef_outline=True, name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14])
    font = subset.load_font(str(source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=keep)
    subsetter.subset(font)
    font["head"].modified = font["head"].created
    font.save(str(target), reorderTables=True)
    print(target, target.stat().st_size, "bytes")
    return font


def widths(path):
    font = TTFont(str(path))
    return {code: font["hmtx"][name][0] for code, name in font.getBestCmap().items()}


def main():
    folder, output = Path(sys.argv[1]), Path(sys.argv[2])
    keep = [c for low, high in RANGES for c in range(low, high + 1)]
    for name, target in [("DejaVuSans", "dejavu-sans"), ("DejaVuSans-Bold", "dejavu-sans-bold")]:
        make(folder / f"{name}.ttf", output / f"{target}.ttf", keep)
    regular, bold = widths(output / "dejavu-sans.ttf"), widths(output / "dejavu-sans-bold.ttf")
    table = b"".join(struct.pack("<IHH", c, w, bold.get(c, w)) for c, w in sorted(regular.items()))
    (output / "dejavu-widths.bin").write_bytes(table)
    print("dejavu-widths.bin", len(table), "bytes")


if __name__ == "__main__":
    main()
