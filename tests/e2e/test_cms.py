"""The sample, examples/cms: pages from Markdown, what hostile Markdown and paths become, API, static files, redirect, health."""

import json
import re
import shutil
import subprocess

import pytest

from client import Connection
from swell import ROOT, Swell

SAMPLE = ROOT / "examples/cms"

# Markdown: the HTML of the page's content
MARKDOWN = {
    "heading": ("# A *b* & c #\n", "<h1>A <em>b</em> &amp; c #</h1>\n"),
    "headings": ("## two\n###### six\n####### seven\n#none\n", "<h2>two</h2>\n<h6>six</h6>\n<p>####### seven\n#none</p>\n"),
    "paragraphs": ("a\nb\n\n\nc\r\n", "<p>a\nb</p>\n<p>c</p>\n"),
    "emphasis": ("*a* **b *c*** 2 * 3 * 4 *open **open", "<p><em>a</em> <strong>b *c</strong>* 2 * 3 * 4 *open **open</p>\n"),
    "code": ("`a < *b*` and `open", "<p><code>a &lt; *b*</code> and `open</p>\n"),
    "fence": ("```c\n<b>*x*\n\n# no heading\n```\nend", "<pre><code>&lt;b&gt;*x*\n\n# no heading\n</code></pre>\n<p>end</p>\n"),
    "open-fence": ("```\nx", "<pre><code>x\n</code></pre>\n"),
    "lists": ("- a\n* b *c*\n1. one\n2. two\ntext", "<ul>\n<li>a</li>\n<li>b <em>c</em></li>\n</ul>\n<ol>\n<li>one</li>\n<li>two</li>\n</ol>\n<p>text</p>\n"),
    "rule": ("a\n---\nb", "<p>a</p>\n<hr>\n<p>b</p>\n"),
    "quote": ("> a\n> > b\n> - c\nd", "<blockquote>\n<p>a</p>\n<blockquote>\n<p>b</p>\n</blockquote>\n<ul>\n<li>c</li>\n</ul>\n</blockquote>\n<p>d</p>\n"),
    "link": ("[a *b*](/x?y=1&z#f) [c](http://d/) [e](mailto:f@g)", '<p><a href="/x?y=1&amp;z#f">a <em>b</em></a> <a href="http://d/">c</a> <a href="mailto:f@g">e</a></p>\n'),
    "image": ("![a \"b\"](c.png)!", '<p><img src="c.png" alt="a &quot;b&quot;">!</p>\n'),
    "open-link": ("[a](b and [c] (d !x", "<p>[a](b and [c] (d !x</p>\n"),
    "blank-in-link": ("[a](b c)", '<p><a href="#">a</a></p>\n'),
    "escapes": (r"\*a\* \[b](c) \\ \<", r"<p>*a* [b](c) \ &lt;</p>" + "\n"),
    "nothing": ("", ""),
    # what would be code in a browser
    "xss-tag": ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
    "xss-quote": ("[a](/\"onclick=alert(1)//)", '<p><a href="/&quot;onclick=alert(1">a</a>//)</p>\n'),
    "xss-scheme": ("[a](javascript:alert`1`)", '<p><a href="#">a</a></p>\n'),
    "xss-case": ("[a](JaVaScRiPt:x) [b](data:text/html,x) [c](vbscript:x)", '<p><a href="#">a</a> <a href="#">b</a> <a href="#">c</a></p>\n'),
    "xss-blanks": ("[a]( javascript:x) [b](java\tscript:x) [c](\x01javascript:x)", '<p><a href="#">a</a> <a href="#">b</a> <a href="#">c</a></p>\n'),
    "xss-entity": ("[a](javascript&#58;x) &lt;", '<p><a href="javascript&amp;#58;x">a</a> &amp;lt;</p>\n'),
    "xss-image": ("![\"><script>](javascript:x)", '<p><img src="#" alt="&quot;&gt;&lt;script&gt;"></p>\n'),
    "xss-title": ("# </title><script>\n", "<h1>&lt;/title&gt;&lt;script&gt;</h1>\n"),
    "template": ("{{content}} {{title}}", "<p>{{content}} {{title}}</p>\n"),
}
NESTED = {
    "deep-quotes": ">" * 5000 + " a",
    "deep-marks": "*a" * 5000,
    "deep-links": "[" * 5000 + "](x)" * 10,
    "long-line": "x" * 300000,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = subprocess.run([str(ROOT / "tools/build-sample")], capture_output=True, text=True)
    if made.returncode == 77:
        pytest.skip(made.stderr)
    assert made.returncode == 0, made.stderr
    folder = tmp_path_factory.mktemp("cms") / "cms"
    shutil.copytree(SAMPLE, folder, ignore=shutil.ignore_patterns(".spin"))
    (folder / "content/rows").mkdir()
    for name, (text, _) in MARKDOWN.items():
        (folder / f"content/rows/{name}.md").write_bytes(text.encode())
    for name, text in NESTED.items():
        (folder / f"content/rows/{name}.md").write_text(text)
    (folder / "content/quo\"te.md").write_text("# A \"title\" <b>\\\n")
    (folder / "content/zero.md").write_text("no heading\n")
    (folder / "content/notes.txt").write_text("no page\n")
    (folder / "secret.md").write_text("# secret\n")
    return folder


@pytest.fixture(scope="module")
def server(folder, cache, tmp_path_factory):
    with Swell("-f", str(folder), cache=cache, log=tmp_path_factory.mktemp("log") / "cms.log") as server:
        yield server


def ask(server, path, method="GET"):
    with Connection(server.port) as connection:
        return connection.request(path, method)


def content(response):
    return re.search(r"<main>\n(.*)</main>", response.text, re.S)[1]


def test_the_first_page_has_its_parts(server):
    page = ask(server, "/")
    assert page.status == 200
    assert page.get("content-type") == "text/html; charset=utf-8"
    assert page.get("content-security-policy") == "default-src 'self'"
    assert "<title>A small site</title>" in page.text
    assert "<h1>A small site</h1>\n" in content(page)
    assert '<li><a href="/">A small site</a></li>\n<li><a href="/markdown">Markdown</a></li>\n' in page.text
    assert '<li><a href="/quo&quot;te">A &quot;title&quot; &lt;b&gt;\\</a></li>\n<li><a href="/zero">zero</a></li>\n</ul>' in page.text
    head = ask(server, "/", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert ask(server, "/", "POST").status == 405


@pytest.mark.parametrize("name", MARKDOWN)
def test_markdown_becomes_html(server, name):
    page = ask(server, f"/rows/{name}")
    assert page.status == 200
    assert content(page) == MARKDOWN[name][1]
    assert "<script" not in page.text


@pytest.mark.parametrize("name", NESTED)
def test_what_is_nested_or_long_is_a_page_all_the_same(server, name):
    page = ask(server, f"/rows/{name}")
    assert page.status == 200 and page.complete
    assert content(page)


@pytest.mark.parametrize("path", [
    "/none", "/rows/none", "/rows", "/index.md", "/content/index", "/../secret", "/rows/../../secret", "/%2e%2e/secret", "/..%2fsecret",
    "/secret", "/a//b", "//rows/heading/x", "/rows\\heading", "/rows/heading%00", "/rows/heading.md", "/" + "a" * 600, "/quo%22te", "/.",
])
def test_a_path_that_is_no_page_is_not_found(server, path):
    page = ask(server, path)
    assert page.status == 404
    assert content(page) == '<h1>There is no such page</h1>\n<p>The <a href="/">first page</a> has links to the others.</p>\n'


def test_slashes_at_the_end_do_not_matter(server):
    assert content(ask(server, "/rows/heading/")) == MARKDOWN["heading"][1]
    assert ask(server, "/markdown?x=<script>").status == 200


def test_the_api_lists_the_pages(server):
    answer = ask(server, "/api/pages")
    assert (answer.status, answer.get("content-type")) == (200, "application/json")
    assert json.loads(answer.body) == [
        {"path": "/", "title": "A small site"}, {"path": "/markdown", "title": "Markdown"},
        {"path": "/quo\"te", "title": "A \"title\" <b>\\"}, {"path": "/zero", "title": "zero"}]
    assert ask(server, "/api/other").status == 404


def test_files_redirect_and_health(server):
    style = ask(server, "/static/style.css")
    assert (style.status, style.get("content-type"), style.get("cache-control")) == (200, "text/css; charset=utf-8", "public, max-age=300")
    assert style.body == (SAMPLE / "static/style.css").read_bytes()
    assert ask(server, "/static/../spin.toml").status == 404
    home = ask(server, "/home")
    assert (home.status, home.get("location"), home.body) == (301, "/", b"")
    assert ask(server, "/health").text == "well\n"


def test_it_runs_on_the_folders_themselves_too(folder, start):
    with start(["-f", str(folder), "--direct-mounts"]) as server:
        assert "<h1>A small site</h1>" in ask(server, "/").text
        assert json.loads(ask(server, "/api/pages").body)[0] == {"path": "/", "title": "A small site"}
