"""Where a repository's book is published."""

from __future__ import annotations

import re


def site_address(repository: str) -> str:
    """`https://github.com/owner/name` → `https://owner.github.io/name/`; "" for any other host."""
    found = re.fullmatch(r"https://github\.com/([\w-]+)/([\w.-]+?)(?:\.git)?/?", repository)
    if found is None:
        return ""
    owner, name = found[1].lower(), found[2]
    return f"https://{owner}.github.io/" + ("" if name.lower() == f"{owner}.github.io" else f"{name}/")
