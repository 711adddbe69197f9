"""What `.ci/run` finds in a built site that needs another host, or leaves a public name out."""

from __future__ import annotations

import zlib

import check_site
import docs_api
import pytest


@pytest.fixture
def site(tmp_path):
    """A site that has an entry for every public name and fetches nothing."""
    names = [f"{package}.{name}" for package in docs_api.PACKAGES for name in docs_api.names(package)]
    lines = "".join(f"{name} py:function 1 page.html#$ -\n" for name in (*docs_api.PACKAGES, *names))
    head = b"# Sphinx inventory version 2\n# Project: kerastl\n# Version: 0\n# compressed\n"
    (tmp_path / "objects.inv").write_bytes(head + zlib.compress(lines.encode()))
    (tmp_path / "index.html").write_text(
        '<link rel="canonical" href="https://example.org/"><link rel="stylesheet" href="site.css">'
        '<script src="assets/a.js"></script><a href="https://example.org/paper">a paper</a><img src="a.png">'
    )
    (tmp_path / "site.css").write_text("a { background: url('a.png') } /* https://example.org */")
    return tmp_path


def test_a_site_that_stays_at_home_is_good(site):
    assert list(check_site.fetched_from_elsewhere(site)) == []
    assert check_site.not_documented(site) == []


@pytest.mark.parametrize(
    "html",
    [
        '<script src="https://example.org/a.js"></script>',
        '<img src="//example.org/a.png">',
        '<link rel="stylesheet" href="http://example.org/a.css">',
        '<link rel="preconnect" href="https://example.org">',
        '<iframe src="https://example.org"></iframe>',
    ],
)
def test_what_a_page_fetches_from_another_host_is_named(site, html):
    (site / "bad.html").write_text(html)
    (line,) = check_site.fetched_from_elsewhere(site)
    assert line.startswith(f"{site / 'bad.html'}: ")
    assert "//example.org" in line


@pytest.mark.parametrize("css", ["@import 'https://example.org/a.css';", "a { background: url(//example.org/a.png) }"])
def test_what_a_style_sheet_fetches_is_named(site, css):
    (site / "site.css").write_text(css)
    (line,) = check_site.fetched_from_elsewhere(site)
    assert "//example.org/a." in line


def test_a_public_name_without_an_entry_is_named(site, monkeypatch):
    monkeypatch.setattr(docs_api, "names", lambda package: ["nothing"] if package == "kerastl" else [])
    assert check_site.not_documented(site) == ["kerastl.nothing"]


def test_the_exit_code_tells(site, monkeypatch, capsys):
    monkeypatch.setattr(check_site.chromium, "find", lambda: None)
    assert check_site.main(site) == 0
    (site / "bad.html").write_text('<img src="https://example.org/a.png">')
    assert check_site.main(site) == 1
    assert "https://example.org/a.png" in capsys.readouterr().out
