"""The emulator's functions have their layers from one copy of each."""

from __future__ import annotations

import importlib
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local.emulator_layers import SharedZip, fit


def archive(file: Path, content: str) -> str:
    with zipfile.ZipFile(file, "w") as written:
        written.writestr("python/package/module.py", content)
        written.writestr("handler.py", "import package")
    return str(file)


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "shared"))


def unpack(file: str, folder: Path) -> Path:
    folder.mkdir()
    with SharedZip(file) as opened:
        assert opened.namelist() == []
        opened.extractall(str(folder))
    return folder


def test_the_same_content_is_one_copy_and_another_is_another(tmp_path: Path) -> None:
    first, second = archive(tmp_path / "1.zip", "A = 1"), archive(tmp_path / "2.zip", "A = 2")
    folders = [unpack(file, tmp_path / name) for file, name in ((first, "a"), (first, "b"), (second, "c"))]
    modules = [folder / "python" / "package" / "module.py" for folder in folders]
    assert [module.read_text(encoding="utf-8") for module in modules] == ["A = 1", "A = 1", "A = 2"]
    assert modules[0].resolve() == modules[1].resolve() != modules[2].resolve()
    assert sorted(entry.name for entry in folders[0].iterdir()) == ["handler.py", "python"]


def test_what_is_no_archive_is_unpacked_by_nobody(tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_text("nothing", encoding="utf-8")
    for folder in ("a", "b"):
        with pytest.raises(zipfile.BadZipFile):
            unpack(str(tmp_path / "broken.zip"), tmp_path / folder)


def test_the_emulator_uses_no_more_of_zip_files_than_this(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = importlib.import_module("ministack.core.lambda_runtime")
    source = Path(module.__file__).read_text(encoding="utf-8")
    used = {
        part.split("(")[0].split(",")[0].split(")")[0].split()[0] for part in source.split("zipfile.")[1:]
    }
    monkeypatch.setattr(module, "zipfile", module.zipfile)
    fit(module)
    assert used == set(vars(module.zipfile))
