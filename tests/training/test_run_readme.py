from kerastl.training._readme import README, is_ours, write_readme

FILES = {"a.txt": "there", "b.txt": "not there", "c.txt": "yet to come"}


def test_it_names_the_files_that_are_there(tmp_path):
    (tmp_path / "a.txt").touch()
    write_readme(tmp_path, "title", ["a fact"], {"In Python": "import x\n\nx.y()"}, FILES, coming=("c.txt",))
    text = (tmp_path / README).read_text()
    assert text.startswith("# title\n\n- a fact\n\nIn Python:\n\n    import x\n\n    x.y()\n\n| file |")
    assert "| `a.txt` | there |\n| `c.txt` | yet to come |" in text
    assert "b.txt" not in text
    assert is_ours(tmp_path / README)


def test_names_mean_nothing_to_markdown(tmp_path):
    write_readme(tmp_path, "<img src=x>\n# *b*", ["[a](http://b) | `c`"], {}, {})
    lines = (tmp_path / README).read_text().splitlines()
    assert lines[0] == r"# \<img src=x\>\\n\# \*b\*"
    assert lines[2] == r"- \[a\](http://b) \| \`c\`"


def test_the_readme_of_somebody_else_is_left_alone(tmp_path):
    (tmp_path / README).write_text("mine")
    write_readme(tmp_path, "title", [], {}, {})
    assert (tmp_path / README).read_text() == "mine"
    assert not is_ours(tmp_path / README)
