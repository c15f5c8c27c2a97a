"""Draws meuse.svg, the figure of the README: python docs/figures/meuse.py

The numbers are those that crates/esker/tests/advice.rs computes: root mean square errors of log zinc of three models fitted on the 60
southernmost sites of the Meuse, under shuffled folds, under the design that the adviser chooses, and on the 95 sites to the north.
"""

from pathlib import Path

MODELS = ["linear model", "forest", "forest with coordinates"]
PANELS = [
    ("Shuffled folds say", [0.455, 0.418, 0.449], "#8a8a8a"),
    ("The chosen design says", [0.472, 0.477, 0.532], "#0072B2"),
    ("The north was", [0.346, 0.418, 0.544], "#1a1a1a"),
]
LOW, HIGH, WIDE, LEFT, TOP, STEP = 0.30, 0.58, 200, 178, 74, 34


def main():
    width = LEFT + len(PANELS) * (WIDE + 26) + 10
    height = TOP + STEP * len(MODELS) + 54
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        'font-family="system-ui, sans-serif" font-size="13.5">',
        "<title>Shuffled folds rank three models wrongly, the chosen design ranks them as the north does</title>",
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>',
        f'<text x="16" y="26" font-size="15" font-weight="600" fill="#1a1a1a">Zinc in the soils of the Meuse: models of 60 sites in the south, judged three ways</text>',
    ]
    for row, model in enumerate(MODELS):
        out.append(f'<text x="{LEFT - 14}" y="{TOP + STEP * row + 22}" text-anchor="end" fill="#1a1a1a">{model}</text>')
    for i, (title, errors, colour) in enumerate(PANELS):
        x0 = LEFT + i * (WIDE + 26)
        at = lambda v: x0 + (v - LOW) / (HIGH - LOW) * WIDE
        out.append(f'<text x="{x0}" y="{TOP - 14}" fill="{colour}" font-weight="600">{title}</text>')
        for tick in (0.3, 0.4, 0.5):
            out.append(f'<line x1="{at(tick):.1f}" y1="{TOP}" x2="{at(tick):.1f}" y2="{TOP + STEP * 3}" stroke="#dddddd"/>')
            out.append(f'<text x="{at(tick):.1f}" y="{TOP + STEP * 3 + 18}" text-anchor="middle" font-size="12" fill="#666666">{tick}</text>')
        for row, error in enumerate(errors):
            y, best = TOP + STEP * row + 17, error == min(errors)
            out.append(f'<line x1="{x0}" y1="{y}" x2="{at(error):.1f}" y2="{y}" stroke="{colour}" stroke-width="2" opacity="0.45"/>')
            out.append(f'<circle cx="{at(error):.1f}" cy="{y}" r="{6 if best else 4.5}" fill="{colour}"/>')
            weight = ' font-weight="700"' if best else ""
            out.append(f'<text x="{at(error) + 10:.1f}" y="{y + 4.5}" font-size="12.5" fill="#1a1a1a"{weight}>{error:.3f}</text>')
    out.append(f'<text x="{LEFT}" y="{height - 10}" font-size="12" fill="#666666">Root mean square error of ln(zinc), smaller is better; the best of each in bold</text>')
    Path(__file__).with_name("meuse.svg").write_text("\n".join([*out, "</svg>"]) + "\n")


if __name__ == "__main__":
    main()
