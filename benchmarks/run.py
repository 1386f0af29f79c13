"""Run the benchmarks and rewrite the results in README.md: `python benchmarks/run.py [NAME …]`.

Without names all of them run. Results that are not measured anew stay as results.json has them.
"""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from pathlib import Path

import attention
import classroom
import diffusion
import landscape
import live
import notebooks
import pages
import snapshot
import thirty
from report import Promise, machine, promise_table

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
README = HERE / "README.md"
START, END = "<!-- 結果：make bench が書き直します -->", "<!-- 結果の終わり -->"
# In the order in which the README shows them.
BENCHMARKS = {
    "pages": ("本のページ", pages.measure),
    "live": ("JupyterLab", live.measure),
    "snapshot": ("カーネルのないページ：ほかのやり方と並べて", snapshot.measure),
    "thirty": ("三十の図があるページ", thirty.measure),
    "attention": ("自己注意機構：PyTorch の部品と並べて", attention.measure),
    "diffusion": ("拡散モデル", diffusion.measure),
    "landscape": ("損失地形の計算", landscape.measure),
    "notebooks": ("ノートブックと本の組み立て", notebooks.measure),
    "classroom": ("教室", classroom.measure),
}


def render(results: dict[str, dict]) -> str:
    promises = [Promise(**p) for name in BENCHMARKS if name in results for p in results[name]["promises"]]
    parts = ["### 約束と測った値", promise_table(promises)]
    for name, (title, _) in BENCHMARKS.items():
        if name in results:
            parts += [f"### {title}", results[name]["details"], f"<sub>{results[name]['machine']}</sub>"]
    return "\n\n".join(parts)


def rewrite(text: str, body: str) -> str:
    before, rest = text.split(START)
    _, after = rest.split(END)
    return f"{before}{START}\n\n{body}\n\n{END}{after}"


def main(names: list[str]) -> None:
    unknown = set(names) - BENCHMARKS.keys()
    if unknown:
        raise SystemExit(f"{'、'.join(sorted(unknown))} という測定はありません（{'、'.join(BENCHMARKS)}）。")
    results = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for name in names or BENCHMARKS:
        title, measure = BENCHMARKS[name]
        print(f"== {title}", flush=True)
        start = time.perf_counter()
        report = measure()
        results[name] = {"machine": machine(), **dataclasses.asdict(report)}
        print(f"{report}\n== {title}：{time.perf_counter() - start:.0f} 秒\n", flush=True)
        RESULTS.write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        README.write_text(rewrite(README.read_text(encoding="utf-8"), render(results)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
