"""The HTML of a snapshot: native controls, the packed table, and what shows without JavaScript."""

from __future__ import annotations

import base64
import json
import os
from html import escape
from pathlib import Path
from typing import Any

from sawaru.explorer.explorer import Explorer
from sawaru.explorer.narrow import heights
from sawaru.explorer.snapshot import take
from sawaru.explorer.tree import caption_of

LONGEST_CAPTION = 200  # characters for which room is kept


def render(explorer: Explorer) -> str:
    """Run every state of an explorer and return it as host-independent HTML (one custom element)."""
    report = Path(os.environ["SAWARU_PROGRESS"]) if os.environ.get("SAWARU_PROGRESS") else None

    def progress(done: int, total: int) -> None:
        if report:
            with report.open("a", encoding="utf-8") as log:
                log.write(f"{explorer.name} {done} {total}\n")

    table = take(explorer.name, explorer.figure, explorer.groups, progress)
    wide, narrow = heights(table.base["layout"])
    caption = caption_of(table.base)
    controls = "".join(control.in_page(explorer.name) for control in explorer.controls)
    if controls:
        reset = '<button type="button" class="sawaru-reset" title="すべてのつまみを最初の値に戻します">最初に戻す</button>'
        controls = f'<form class="sawaru-controls" autocomplete="off">{controls}{reset}</form>'
    spec = [[control.spec() for control in group] for group in explorer.groups]
    return (
        f'<sawaru-explorer id="{escape(explorer.name)}" data-state="loading" data-bytes="{len(table.data)}" '
        f'data-states="{table.states}" data-description="{escape(explorer.description)}" data-pagefind-ignore>'
        f"<noscript><p>つまみで図を動かすには JavaScript が要ります。この図：{escape(explorer.description)}。"
        f"{escape(caption)}</p></noscript>"
        f'{controls}<figure><figcaption aria-live="polite" data-longest="{escape(table.longest[:LONGEST_CAPTION])}">'
        f'{escape(caption)}</figcaption><div class="sawaru-frame" style="--wide:{wide:g}px;--narrow:{narrow:g}px">'
        f'<div class="sawaru-plot" role="img" aria-label="{escape(explorer.description)}"></div></div></figure>'
        f'<script type="application/json" class="sawaru-spec">{_script(spec)}</script>'
        f'<script type="application/octet-stream" class="sawaru-table">'
        f"{base64.b64encode(table.data).decode()}</script></sawaru-explorer>"
    )


def _script(value: Any) -> str:
    """JSON that cannot close its script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
