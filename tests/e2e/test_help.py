"""What `swell help` says and what docs/ say are the same options."""

import re
import subprocess

import pytest

import guests
import swell as runner

DOCS = guests.ROOT / "docs"
PAGES = {"run": "run.md", "componentize": "componentize.md"}  # all others: cli.md


def help_of(*command):
    return subprocess.run([str(runner.program()), "help", *command], capture_output=True, text=True, check=True).stdout


COMMANDS = re.findall(r"^  (\w+) ", help_of().partition("Commands:")[2].partition("Options:")[0], re.M)


def documented(command):
    """The page of the command, or what stands below its heading."""
    text = (DOCS / PAGES.get(command, "cli.md")).read_text()
    return text if command in PAGES else re.search(rf"^## swell {command}\b.*?(?=^## |\Z)", text, re.M | re.S)[0]


def test_the_commands_are_found():
    assert {"up", "reload", "wit", "inspect", "invoke", "run", "componentize"} < set(COMMANDS)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "help"])
def test_every_option_is_documented(command):
    options = re.findall(r"--[a-z0-9-]+", help_of(command).partition("Options:")[2])
    assert "--help" in options
    text = documented(command)
    assert [name for name in options if name != "--help" and not re.search(rf"{name}(?![a-z0-9-])", text)] == []


@pytest.mark.parametrize("command", ["up", "reload"])
def test_every_option_of_the_tables_exists(command):
    rows = "".join(re.findall(r"^\| (`-.*?) \|", documented(command), re.M))
    named = re.findall(r"--[a-z0-9-]+", rows)
    assert "--listen" in named
    assert set(named) <= set(re.findall(r"--[a-z0-9-]+", help_of(command)))
