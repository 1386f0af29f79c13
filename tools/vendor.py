"""Renew the third-party files kept in the repository: `python tools/vendor.py` (needs npm).

What is kept, from which package and version, is written in PACKAGES. Every file is recorded with its
SHA-256 in `tools/vendor.json`; `tests/unit/test_vendor.py` holds the two together.
"""

import hashlib
import io
import json
import re
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RECORD = ROOT / "tools" / "vendor.json"
PLOTLY = "src/sawaru/explorer/frontend/vendor"
KATEX = "assets/vendor/katex"

# name, version, {pattern of the path inside the package: the folder it goes to}
PACKAGES = [
    ("plotly.js-cartesian-dist-min", "4.1.1", {r"plotly-cartesian\.min\.js|LICENSE": PLOTLY}),
    ("plotly.js-gl3d-dist-min", "4.1.1", {r"plotly-gl3d\.min\.js": PLOTLY}),
    (
        "katex",
        "0.19.1",
        {r"dist/katex\.min\.(js|css)|LICENSE": KATEX, r"dist/fonts/.*\.woff2": KATEX + "/fonts"},
    ),
]


def fetch(name: str, version: str) -> dict[str, bytes]:
    """The files of one published package, by their path inside it."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "pack", "--silent", f"{name}@{version}"], cwd=folder, check=True)
        archive = next(Path(folder).glob("*.tgz")).read_bytes()
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        return {
            member.name.removeprefix("package/"): tar.extractfile(member).read()
            for member in tar.getmembers()
            if member.isfile()
        }


def main() -> None:
    record = []
    for name, version, wanted in PACKAGES:
        files = {}
        for path, data in fetch(name, version).items():
            for pattern, folder in wanted.items():
                if re.fullmatch(pattern, path):
                    target = ROOT / folder / Path(path).name
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.write_bytes(data)
                    files[target.relative_to(ROOT).as_posix()] = hashlib.sha256(data).hexdigest()
        record.append({"name": name, "version": version, "files": dict(sorted(files.items()))})
        print(f"{name} {version}: {len(files)} files")
    RECORD.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
