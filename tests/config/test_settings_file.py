"""``POSTBOX_SETTINGS_FILE``: many settings in one file, below the environment; a wrong line is refused unshown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from postbox.config import env

NAME = "POSTBOX_SETTINGS_FILE"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(os, "environ", dict(os.environ))  # what is read stays in this test
    path = tmp_path / "settings"
    os.environ[NAME] = str(path)
    return path


def test_lines_become_settings_as_they_stand(file: Path) -> None:
    file.write_text("# mine\n\nPOSTBOX_A = x y\nPOSTBOX_B=smtp://u:p%40=@host:25 # part of it\nPOSTBOX_C=\n")
    env.from_file(NAME)
    assert (env.text("POSTBOX_A"), env.text("POSTBOX_B")) == ("x y", "smtp://u:p%40=@host:25 # part of it")
    assert env.text("POSTBOX_C", "another") == ""


def test_a_variable_or_its_file_wins(file: Path, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("from b\n")
    os.environ |= {"POSTBOX_A": "set", "POSTBOX_B_FILE": str(tmp_path / "b")}
    file.write_text("POSTBOX_A=line\nPOSTBOX_B=line\n")
    env.from_file(NAME)
    assert (env.text("POSTBOX_A"), env.text("POSTBOX_B")) == ("set", "from b")


def test_it_may_name_files_too(file: Path, tmp_path: Path) -> None:
    (tmp_path / "a").write_text("from a\n")
    file.write_text(f"POSTBOX_A_FILE={tmp_path / 'a'}\n")
    env.from_file(NAME)
    assert env.text("POSTBOX_A") == "from a"


@pytest.mark.parametrize("line", ["PATH=hush", "export POSTBOX_A=hush", "POSTBOX_A hush", "postbox_a=hush", "=hush"])
def test_a_wrong_line_is_named_by_its_number_alone(file: Path, line: str) -> None:
    file.write_text(f"POSTBOX_B=fine\n{line}\n")
    with pytest.raises(ImproperlyConfigured, match=f"{NAME}, line 2: not a setting") as error:
        env.from_file(NAME)
    assert "hush" not in str(error.value)
    assert "POSTBOX_B" not in os.environ, "nothing of a file that is refused"


def test_two_values_of_one_setting_are_refused(file: Path) -> None:
    file.write_text("POSTBOX_A=1\nPOSTBOX_A=1\nPOSTBOX_A=2\n")
    with pytest.raises(ImproperlyConfigured, match="line 3: POSTBOX_A is there already"):
        env.from_file(NAME)


def test_a_file_that_cannot_be_read_is_refused(file: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match=NAME):
        env.from_file(NAME)
    file.write_bytes(b"\xff")
    with pytest.raises(ImproperlyConfigured, match=NAME):
        env.from_file(NAME)
    os.environ[NAME] = ""
    env.from_file(NAME)
