"""The generated pages hold every command, every option and every public name."""

from __future__ import annotations

import re
from importlib import import_module

import click
import docs_api
import docs_commands
import docs_hook
import docs_networks
import pytest
from doc_blocks import ROOT

import kerastl
from kerastl._base.registry import Registry
from kerastl.cli import COMMANDS, group

COMMAND_PAGE = docs_commands.reference()


def section(command):
    """The part of the page that is about a command."""
    parts = re.split(r"^## ", COMMAND_PAGE, flags=re.MULTILINE)
    return next(part for part in parts if part.startswith(f"kerastl {command}\n"))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_visible_option_of_a_command_is_there(name):
    command, text = group.get_command(click.Context(group), name), section(name)
    options = [option for option in command.params if isinstance(option, click.Option)]
    for option in options:
        for flag in (*option.opts, *option.secondary_opts):
            assert bool(re.search(rf"`[^`]*(?<![\w-]){re.escape(flag)}(?![\w-])[^`]*` \|", text)) is not option.hidden
    assert "`-h, --help`" in text


def test_the_table_of_commands_links_to_their_headings():
    links = re.findall(r"^\| \[`([\w-]+)`\]\(#([\w-]+)\)", COMMAND_PAGE, re.MULTILINE)
    assert links == [(name, f"kerastl-{name}") for name in COMMANDS]


def test_markdown_in_help_means_nothing():
    assert docs_commands._prose("'*.jpg' is\n  a_b, `c*d`, <e> | [f]") == (
        r"'\*.jpg' is a\_b, `c*d`, &lt;e&gt; \| \[f\]"
    )


@pytest.mark.parametrize("package", docs_api.PACKAGES)
def test_every_public_name_is_on_its_page(package):
    listed = re.findall(r"^ +- (\w+)$", docs_api.page(package), re.MULTILINE)
    assert listed == docs_api.names(package)
    assert listed


def test_every_network_has_a_row():
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \|", docs_networks.page(), re.MULTILINE)
    assert rows == [(network.name, str(network.input_size)) for network in kerastl.list_models()]


def test_the_guide_to_plugins_tells_every_registry():
    page = (ROOT / "docs" / "guides" / "plugins.md").read_text()
    told = re.findall(r"^\| `([\w.]+)` \| `[\w.]+` \| `([\w.]+)` \|$", page, re.MULTILINE)
    public = (
        (f"{package}.{name}", getattr(import_module(package), name))
        for package in docs_api.PACKAGES
        for name in docs_api.names(package)
    )
    assert dict(told) == {name: value.group for name, value in public if isinstance(value, Registry) and value.group}


def test_links_of_the_top_lead_to_the_same_pages_of_the_site():
    text = "[a](docs/concepts/security.md#limits) [b](CHANGELOG.md) [c](https://example.org/x.md) [d](LICENSE)"
    assert docs_hook.moved(text, "project/security-policy.md") == (
        "[a](../concepts/security.md#limits) [b](changelog.md) [c](https://example.org/x.md) [d](LICENSE)"
    )


def test_generated_pages_are_in_the_navigation():
    navigation = (ROOT / "mkdocs.yml").read_text()
    for address, text in docs_hook.written():
        assert text.strip(), address
        assert address in navigation or address.startswith("reference/api/")
