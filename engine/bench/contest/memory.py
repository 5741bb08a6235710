"""What a process takes of memory: its own, and pages of mapped files. Imports nothing heavy."""

from __future__ import annotations

from pathlib import Path


def resident() -> dict[str, int]:
    """Bytes of this process: `anon`, its own, and `file`, of mapped files. Linux; else all is `anon`."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        import resource

        return {"anon": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, "file": 0}
    status = dict(line.split(":", 1) for line in text.splitlines())
    fields = (("anon", "RssAnon"), ("file", "RssFile"))
    return {name: int(status[field].split()[0]) * 1024 for name, field in fields}


def on_disk(folder: Path) -> int:
    """Bytes that a folder takes on disk; blocks that were never written take nothing."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
