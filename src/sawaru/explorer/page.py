"""The HTML of a snapshot: native controls, the packed table, and what shows without JavaScript."""

from __future__ import annotations

import base64
import json
import os
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sawaru.explorer.controls import Control
from sawaru.explorer.snapshot import caption_of, take
from sawaru.explorer.text import width
from sawaru.theme import theme

if TYPE_CHECKING:
    from sawaru.explorer.declare import Explorer

SPEEDS = (0.5, 1, 2, 4)
BETWEEN = 92  # pixels between plots that stand one below the other; as in frontend/draw.js
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
    controls = "".join(_control(explorer.name, c) for c in explorer.controls if c.kind != "fixed")
    if controls:
        reset = '<button type="button" class="sawaru-reset" title="すべてのつまみを最初の値に戻します">最初に戻す</button>'
        controls = f'<form class="sawaru-controls" autocomplete="off">{controls}{reset}</form>'
    spec = [[_spec(c) for c in group] for group in explorer.groups]
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


def heights(layout: dict[str, Any]) -> tuple[float, float]:
    """Height of a figure on a wide and on a narrow screen, where `restack` of frontend/draw.js puts plots one below another."""
    height = layout.get("height", theme()["height"])
    across = [v for k, v in layout.items() if k.startswith("xaxis") and not v.get("overlaying")]
    up = [v for k, v in layout.items() if k.startswith("yaxis")]
    columns, rows = ({tuple(axis.get("domain", (0, 1))) for axis in axes} for axes in (across, up))
    if not 2 <= len(columns) <= 4 or len(rows) > 1:
        return height, height
    margin = layout.get("margin", {})
    edges = margin.get("t", 36) + margin.get("b", 48)
    one = max(180, 0.85 * (height - edges))
    return height, len(columns) * one + (len(columns) - 1) * BETWEEN + edges


def _script(value: Any) -> str:
    """JSON that cannot close its script element."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _spec(control: Control) -> dict[str, Any]:
    texts = [control.shown(i) for i in range(len(control.values))]
    keys = list(control.texts)
    if len(set(keys)) < len(keys):
        keys = [str(i) for i in range(len(keys))]
    spec = {
        "name": control.name,
        "kind": control.kind,
        "texts": texts,
        "keys": keys,
        "default": control.default,
    }
    if control.kind == "play":
        spec["interval"] = control.widget.interval
    return spec


def _control(explorer: str, control: Control) -> str:
    here = f"{escape(explorer)}-{escape(control.name)}"
    name = f'data-control="{escape(control.name)}"'
    label = f'<label for="{here}">{escape(control.label)}</label>'
    last = len(control.values) - 1
    shown = escape(control.shown(control.default))
    slider = f'<input type="range" id="{here}" {name} min="0" max="{last}" step="1" value="{control.default}" aria-valuetext="{shown}">'
    room = max(width(control.shown(i)) for i in range(last + 1))
    output = f'<output for="{here}" data-shows="{escape(control.name)}" style="min-width:{min(room, 20)}ch">{shown}</output>'
    moves = control.kind not in ("slider", "text") or last > 0
    if not moves:  # but in a kernel: here it says where it stands
        inside = f"<span>{escape(control.label)}</span>{output}"
    elif control.kind == "slider":
        inside = label + slider + output
    elif control.kind == "play":
        speeds = "".join(
            f'<option value="{s}"{" selected" if s == 1 else ""}>{s:g} 倍</option>' for s in SPEEDS
        )
        inside = (
            f'{label}<span class="sawaru-play" data-play="{escape(control.name)}">'
            '<button type="button" aria-label="一つ戻る">◀◀</button>'
            '<button type="button" aria-label="再生">▶</button>'
            '<button type="button" aria-label="一つ進む">▶▶</button>'
            f'<select aria-label="再生の速さ">{speeds}</select></span>{slider}{output}'
        )
    elif control.kind == "checkbox":
        checked = " checked" if control.default else ""
        inside = f'<input type="checkbox" id="{here}" {name}{checked}>{label}'
    elif control.kind == "buttons":
        choices = "".join(
            f'<label><input type="radio" name="{here}" {name} value="{i}"{" checked" if i == control.default else ""}>'
            f"<span>{escape(control.shown(i))}</span></label>"
            for i in range(last + 1)
        )
        return f'<fieldset class="sawaru-control sawaru-buttons"><legend>{escape(control.label)}</legend>{choices}</fieldset>'
    else:
        options = "".join(
            f'<option value="{i}"{" selected" if i == control.default else ""}>{escape(control.shown(i))}</option>'
            for i in range(last + 1)
        )
        inside = f'{label}<select id="{here}" {name}>{options}</select>'
    return f'<div class="sawaru-control sawaru-{control.kind}">{inside}</div>'
