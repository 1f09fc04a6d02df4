"""Variables that may match several segments of a path, and what they cost."""

from microdot import URLPattern
from microdot._spans import may_match_slash
from support import raises


def match(pattern, path):
    return URLPattern(pattern).match(path)


def test_several_paths():
    assert match("/<path:a>/<path:b>", "/1/2/3") == {"a": "1/2", "b": "3"}
    assert match("/<path:a>/<path:b>", "/1") is None
    assert match("/<path:a>/x/<path:b>/x/<path:c>", "/1/x/2/x/3/x/4/x/5") == {"a": "1/x/2/x/3", "b": "4", "c": "5"}
    assert match("/<path:a>/x/<int:n>/<path:b>/end", "/1/x/2/3/x/4/5/end") == {"a": "1/x/2/3", "n": 4, "b": "5"}
    assert match("/<path:a>/x/<int:n>/<path:b>/end", "/1/x/2/3/x/y/5/end") == {"a": "1", "n": 2, "b": "3/x/y/5"}
    assert match("/<path:a>/x/<path:b>", "/1/x/") is None
    assert match("/<path:a>/x/<path:b>", "/x/2") is None
    assert match("/<path:a>/x/<path:b>", "//x/2") is None
    assert match("/<path:a>/<path:b>/<path:c>", "/1/2") is None
    assert match("/<path:a>/<path:b>/<path:c>", "/1/2/3/4") == {"a": "1/2", "b": "3", "c": "4"}
    assert match("/<path:a>/<path:b>/<path:c>/x", "/1/2/3/x") == {"a": "1", "b": "2", "c": "3"}


def test_a_path_and_a_regular_expression():
    assert match("/<path:a>/<re:.+[.]html:b>", "/1/2/3.html") == {"a": "1/2", "b": "3.html"}
    assert match("/<path:a>/<re:[0-9]+/[0-9]+:b>", "/1/2/3/4") == {"a": "1/2", "b": "3/4"}
    assert match("/<re:[0-9]+/[0-9]+:a>/<path:b>", "/1/2/3/4") == {"a": "1/2", "b": "3/4"}
    assert match("/<re:[0-9]+/[0-9]+:a>/x/<re:[0-9]+/[0-9]+:b>/y", "/1/2/x/3/4/y") == {"a": "1/2", "b": "3/4"}
    assert match("/<re:[0-9]+/[0-9]+:a>/<re:[0-9]+/[0-9]+:b>", "/1/2/3") is None


def test_regular_expressions_without_slash_are_of_one_segment():
    # so that there may be any number of them
    assert match("/<re:[a-z]+:a>/<re:[0-9-]+:b>/<re:[^/]*x:c>/<re:\\d+\\.\\w+:d>", "/ab/1-2/yx/1.a") == {
        "a": "ab", "b": "1-2", "c": "yx", "d": "1.a",
    }
    for expression in (".+", "[^a]+", "[a/]+", "[+-9]+", "a/b", "\\D+", "\\S+", "\\W+"):
        pattern = "/<re:%s:a>/<path:b>/<path:c>" % expression
        with raises(ValueError) as caught:
            URLPattern(pattern)
        assert "at most two" in str(caught.value), expression
    assert match("/<re:.+:a>/end", "/a/b/end") == {"a": "a/b"}
    assert match("/<re:[+-9]+:a>/end", "/+/-/end") == {"a": "+/-"}


def test_each_place_of_a_path_is_tried_once():
    tried = []

    def parse(text):
        tried.append(text)
        return

    URLPattern.register_type("never", parser=parse)
    path = "/" + "a/" * 1000 + "x"
    for pattern in ("/<path:a>/<never:n>/<path:b>", "/<path:a>/<path:b>/<never:n>/<path:c>/<path:d>"):
        del tried[:]
        assert match(pattern, path) is None
        assert 0 < len(tried) < 1001, len(tried)


def test_two_regular_expressions_are_tried_at_few_places():
    tried = []

    def parse(text):
        tried.append(text)
        return

    URLPattern.register_type("span", "[a/]+", parse)
    assert match("/<path:a>/<span:b>/x", "/" + "a/" * 1000 + "x") is None
    assert 0 < len(tried) <= 32


def test_which_regular_expressions_may_match_a_slash():
    for expression in (
        "/", "a/b", ".", "a.b", "[/]", "[a/]", "[^a]", "[^]", "[+-9]", "[ -~]", "[a+-9]", "\\D", "\\S", "\\W", "\\/",
        "a\\x2f", "\\u002f", "\\U0000002f", "\\N{SOLIDUS}", "\\057", "[\\x2f]", "[^/]|[^a]", "\\\\.", "[a]-.",
    ):
        assert may_match_slash(expression), expression
    for expression in (
        "", "a", "[0-9a-f]+", "[^/]+", "[^/.]*", "a-z", "+-9", "[a]+-9", "\\d+", "\\w\\s", "\\.", "[0-9]+\\.html",
        "(a|b)?", "[a-]", "\\[\\^a", "[\\-9]",
    ):
        assert not may_match_slash(expression), expression
