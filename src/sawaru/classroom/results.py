"""What `collect` found, as a table for a spreadsheet and as a page for the teacher."""

from __future__ import annotations

import csv
from html import escape
from pathlib import Path

from sawaru.classroom.collect import Row, Summary, summarize
from sawaru.exercise.verdict import CORRECT, UNCHECKED, UNSOLVED, WRONG
from sawaru.theme import colours

_MARKS = {CORRECT: "○", WRONG: "△", UNSOLVED: "－", UNCHECKED: "？"}
_COLOURS = "".join(f"--{name}: light-dark({light}, {dark});" for name, (light, dark) in colours().items())
_STYLE = """
:root { color-scheme: light dark; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.7 "Hiragino Sans", "Noto Sans JP", "Noto Sans CJK JP", "Yu Gothic", Meiryo, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; font-size: 1.25rem; border-bottom: 2px solid var(--line); }
div { overflow-x: auto; }
table { border-collapse: collapse; margin: 1rem 0; min-width: 40rem; }
th, td { padding: 0.35rem 0.7rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: break-word; }
th, td.who { white-space: nowrap; }
td.said { min-width: 22rem; }
th { color: var(--soft); font-weight: 600; font-size: 0.9rem; }
td.n { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
code { font: 0.9em ui-monospace, Menlo, Consolas, monospace; }
p, summary { color: var(--soft); } details p { margin: 0.3rem 0; }
.good { color: var(--good); } .near { color: var(--secondary); }
"""


def write(rows: list[Row], folder: Path, note: str) -> tuple[Path, Path]:
    """Write `results.csv` and `results.html` into `folder`. `note` says under which protection the notebooks ran."""
    folder.mkdir(parents=True, exist_ok=True)
    table, page = folder / "results.csv", folder / "results.html"
    with table.open("w", encoding="utf-8-sig", newline="") as file:  # the mark that lets Excel read Japanese
        csv.writer(file).writerows(_table(rows))
    page.write_text(_page(rows, note), encoding="utf-8")
    return table, page


def _table(rows: list[Row]) -> list[list[object]]:
    exercises = list(dict.fromkeys(e for row in rows for e in row.verdicts))
    head: list[object] = ["ファイル", "学籍番号", "氏名", "章", CORRECT, "演習", *exercises, "備考"]
    return [
        head,
        *(
            [
                *map(_harmless, (row.file, row.number, row.name, row.chapter)),
                row.solved,
                len(row.verdicts),
                *(row.verdicts.get(e, ("", ""))[0] for e in exercises),
                _harmless("".join(row.remarks)),
            ]
            for row in rows
        ),
    ]


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula, on one line."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _page(rows: list[Row], note: str) -> str:
    parts = [
        _exercises(chapter, summaries) + _students([row for row in rows if row.chapter == chapter])
        for chapter, summaries in summarize(rows).items()
    ]
    if strangers := [row for row in rows if not row.chapter]:
        items = "".join(
            f"<tr><td>{escape(r.file)}</td><td>{escape(''.join(r.remarks))}</td></tr>" for r in strangers
        )
        parts.append(
            f"<h2>読めなかったファイル</h2><div><table><tr><th>ファイル</th><th>理由</th></tr>{items}</table></div>"
        )
    return (
        '<!doctype html><html lang="ja"><head><meta charset="utf-8"><title>演習の集計</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<style>:root {{{_COLOURS}}}{_STYLE}</style></head><body><h1>演習の集計</h1><p>{len(rows)} 冊のノートブックを調べました。{escape(note)}</p>"
        f"{''.join(parts)}</body></html>\n"
    )


def _exercises(chapter: str, summaries: list[Summary]) -> str:
    lines = "".join(
        f"<tr><td class=n>{i}</td><td><code>{escape(s.exercise.partition('.')[2])}</code></td>"
        f"<td class=n>{s.solved}</td><td class=n>{s.tried}</td><td class=n>{s.notebooks}</td>"
        f"<td class=said>{escape(s.mistake)}{f'（{s.times} 冊）' if s.times else ''}</td></tr>"
        for i, s in enumerate(summaries, start=1)
    )
    return (
        f"<h2>{escape(chapter)}</h2><div><table><tr><th>演習</th><th>関数</th><th>解けた</th><th>取り組んだ</th><th>提出</th>"
        f"<th>よくあるつまずき</th></tr>{lines}</table></div>"
    )


def _students(rows: list[Row]) -> str:
    lines = []
    for row in sorted(rows, key=lambda r: (r.number, r.name, r.file)):
        marks = "".join(_mark(label) for label, _ in row.verdicts.values())
        said = [
            f"<p><code>{escape(exercise.partition('.')[2])}</code>　{escape(message)}</p>"
            for exercise, (label, message) in row.verdicts.items()
            if label == WRONG
        ]
        said += [f"<p>{escape(remark)}</p>" for remark in row.remarks]
        detail = f"<details><summary>{len(said)} 件</summary>{''.join(said)}</details>" if said else ""
        lines.append(
            f"<tr><td class=who>{escape(row.number)}</td><td class=who>{escape(row.name)}</td>"
            f"<td class=n>{row.solved}/{len(row.verdicts)}</td>{marks}<td class=said>{detail}</td><td>{escape(row.file)}</td></tr>"
        )
    columns = "".join(f"<th>{i}</th>" for i in range(1, len(rows[0].verdicts) + 1))
    return (
        f"<p>{'　'.join(f'{mark} {label}' for label, mark in _MARKS.items())}（そのセルまで動かなかったか、セルがありません）</p>"
        f"<div><table><tr><th>学籍番号</th><th>氏名</th><th>{CORRECT}</th>{columns}<th>つまずき・備考</th><th>ファイル</th></tr>"
        f"{''.join(lines)}</table></div>"
    )


def _mark(label: str) -> str:
    kind = {CORRECT: " class=good", WRONG: " class=near"}.get(label, "")
    return f'<td{kind} title="{escape(label)}">{_MARKS[label]}</td>'
