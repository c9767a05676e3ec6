"""Reading the text files of a data folder."""

from pathlib import Path

from kernel.data_file import DataFileInvalid, Problems

MOST_BYTES = 2_000_000


def read_folder(folder: Path, *, suffix: str = ".toml") -> dict[str, str]:
    """All files below `folder` with `suffix`: path relative to it (with `/`) → text, in order of path.

    Raises `DataFileInvalid` if there is no such folder, no such file, or one that is too big or not UTF-8.
    """
    problems = Problems()
    texts: dict[str, str] = {}
    for path in sorted(folder.rglob(f"*{suffix}")) if folder.is_dir() else []:
        name = path.relative_to(folder).as_posix()
        raw = path.read_bytes()
        if len(raw) > MOST_BYTES:
            problems.add(name, "", zh=f"文件超过 {MOST_BYTES} 字节", en=f"is larger than {MOST_BYTES} bytes")
            continue
        try:
            texts[name] = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            problems.add(name, "", zh="不是 UTF-8 编码", en="is not UTF-8 text")
    if not texts and not problems.found:
        problems.add(str(folder), "", zh=f"没有 {suffix} 文件", en=f"has no {suffix} files")
    problems.stop_if_any(DataFileInvalid)
    return texts
