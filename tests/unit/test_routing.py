from microdot import URLPattern
from microdot._routing import URLMap
from support import raises


def match(pattern, path):
    return URLPattern(pattern).match(path)


def test_literal():
    assert match("/", "/") == {}
    assert match("/a", "/a") == {}
    assert match("/a/b", "/a/b") == {}
    for path in ("", "/", "/b", "/a/", "/a/b", "a", "//a", "/ab", "/A"):
        assert match("/a", path) is None, path
    assert match("/", "/a") is None
    assert match("/a/", "/a/") == {}
    assert match("/a/", "/a") is None


def test_characters_of_regular_expressions_are_ordinary():
    assert match("/a.b", "/a.b") == {}
    assert match("/a.b", "/aXb") is None
    for text in ("/a+", "/a*", "/(a)", "/a?", "/[a]", "/a|b", "/^a$", "/a\\d"):
        assert match(text, text) == {}, text
        assert match(text, "/a") is None, text


def test_segment():
    assert match("/users/<name>", "/users/susan") == {"name": "susan"}
    assert match("/users/<string:name>", "/users/susan") == {"name": "susan"}
    assert match("/<name>", "/a.b-c d") == {"name": "a.b-c d"}
    assert match("/<name>", "/żółć") == {"name": "żółć"}
    for path in ("/users/", "/users", "/users/susan/", "/users/susan/x", "/other/susan"):
        assert match("/users/<name>", path) is None, path


def test_several_variables():
    assert match("/<a>/<int:b>/x/<c>", "/1/2/x/3") == {"a": "1", "b": 2, "c": "3"}
    assert match("/<a>/<int:b>/x/<c>", "/1/y/x/3") is None
    assert match("/<a>/<b>", "/1") is None
    assert match("/<a>/<b>", "//1") is None


def test_int():
    for path, value in (("0", 0), ("12", 12), ("-12", -12), ("007", 7), ("9" * 30, int("9" * 30))):
        assert match("/<int:n>", "/" + path) == {"n": value}
    for path in ("", "-", "--1", "+1", "1.0", "1_0", " 1", "1 ", "1\n", "x", "0x1", "1/", "1-", "\u0661"):
        assert match("/<int:n>", "/" + path) is None, path


def test_path():
    assert match("/files/<path:p>", "/files/a") == {"p": "a"}
    assert match("/files/<path:p>", "/files/a/b/c.txt") == {"p": "a/b/c.txt"}
    assert match("/files/<path:p>", "/files/a/") == {"p": "a/"}
    assert match("/files/<path:p>", "/files/") is None
    assert match("/files/<path:p>", "/files") is None
    assert match("/<path:p>", "/" + "a/" * 500) == {"p": "a/" * 500}


def test_path_in_the_middle():
    assert match("/a/<path:p>/edit", "/a/b/c/edit") == {"p": "b/c"}
    assert match("/a/<path:p>/edit", "/a/edit/edit") == {"p": "edit"}
    assert match("/a/<path:p>/edit", "/a/edit") is None
    assert match("/a/<path:p>/edit", "/a/b/c") is None
    assert match("/<path:p>/<int:n>", "/a/b/3") == {"p": "a/b", "n": 3}
    assert match("/<path:p>/<int:n>", "/a/b/c") is None
    assert match("/<path:a>/x/<path:b>", "/1/x/2/x/3") == {"a": "1/x/2", "b": "3"}


def test_regular_expression():
    assert match("/<re:[0-9a-f]+:x>", "/0af") == {"x": "0af"}
    assert match("/<re:[0-9a-f]+:x>", "/0ag") is None
    assert match("/<re:a|b:x>", "/a") == {"x": "a"}
    assert match("/<re:a|b:x>", "/b") == {"x": "b"}
    assert match("/<re:a|b:x>", "/ab") is None
    assert match("/<re:a:x>", "/a\n") is None
    assert match("/<re:[a-z]+/[0-9]+:x>/end", "/ab/12/end") == {"x": "ab/12"}
    assert match("/<re:a:b:x>", "/a:b") == {"x": "a:b"}


def test_regular_expression_on_a_long_path():
    # MicroPython's re takes stack for each character; the answer may be no match, but not the end of the program.
    assert match("/<re:[a-z]+:x>", "/" + "a" * 20000) in (None, {"x": "a" * 20000})


def test_types_of_ones_own():
    def parse_colour(value):
        return {"red": 1, "green": 2}.get(value)

    URLPattern.register_type("colour", parser=parse_colour)
    assert match("/<colour:c>", "/red") == {"c": 1}
    assert match("/<colour:c>", "/blue") is None
    URLPattern.register_type("hex", "[0-9a-f]+", parser=lambda value: int(value, 16))
    assert match("/<hex:h>", "/ff") == {"h": 255}
    assert match("/<hex:h>", "/fg") is None
    URLPattern.register_type("dated", "[0-9]+/[0-9]+")
    assert match("/<dated:d>/x", "/2024/12/x") == {"d": "2024/12"}
    URLPattern.register_type("refusing", parser=int)
    assert match("/<refusing:r>", "/x") is None
    assert match("/<refusing:r>", "/7") == {"r": 7}


def test_invalid_patterns():
    for pattern in (
        "/<",
        "/>",
        "/<>",
        "/<a",
        "/a>",
        "/<int:>",
        "/<unknown:a>",
        "/<re:a>",
        "/<re::a>",
        "/<re:a:>",
        "/<re:(:a>",
        "/x<a>",
        "/<a>x",
        "/<a><b>",
        "/<a>/<a>",
        "/<a>/<int:a>",
        "/static/*",
        "/**/x",
        "/users/{id}",
        "/users/{id:int}/x",
        "/users/:id",
        "/:id/x",
        "/<path:a>/<re:.+:b>/<path:c>",
        "/<re:.+:a>/<re:.+:b>/<re:.+:c>",
    ):
        with raises(ValueError) as caught:
            URLPattern(pattern)
        assert pattern in str(caught.value)


def test_an_error_says_how_a_variable_is_written():
    for pattern in ("/users/{id}", "/users/:id"):
        with raises(ValueError) as caught:
            URLPattern(pattern)
        assert "<id>" in str(caught.value)


def test_braces_and_colons_elsewhere_are_literal():
    for text in ("/a:b", "/12:30", "/:", "/:1", "/a*", "/*.txt", "/{", "/a{b}", "/things/7:publish"):
        assert match(text, text) == {}, text


def test_a_pattern_needs_no_leading_slash():
    assert match("a", "/a") == {}
    assert match("", "/") == {}


def test_repr():
    assert repr(URLPattern("/<a>")) == "URLPattern: /<a>"


def make_map(*routes):
    url_map = URLMap()
    for methods, pattern, handler in routes:
        url_map.add(methods.split(), pattern, handler)
    return url_map


def found(url_map, method, path):
    route, values = url_map.find(method, path)
    return (route.handler, values or {}) if route else None


def test_the_first_route_added_wins():
    url_map = make_map(("GET", "/<x>", "variable"), ("GET", "/a", "literal"), ("GET", "/<path:x>", "path"))
    assert found(url_map, "GET", "/a") == ("variable", {"x": "a"})
    assert found(url_map, "GET", "/a/b") == ("path", {"x": "a/b"})
    url_map = make_map(("GET", "/a", "literal"), ("GET", "/<x>", "variable"))
    assert found(url_map, "GET", "/a") == ("literal", {})
    assert found(url_map, "GET", "/b") == ("variable", {"x": "b"})


def test_order_among_prefixes():
    url_map = make_map(
        ("GET", "/<path:p>", "all"),
        ("GET", "/a/<x>", "a"),
    )
    assert found(url_map, "GET", "/a/1") == ("all", {"p": "a/1"})
    url_map = make_map(
        ("GET", "/a/b/<x>", "deep"),
        ("GET", "/a/<path:p>", "shallow"),
        ("GET", "/<path:p>", "all"),
    )
    assert found(url_map, "GET", "/a/b/1")[0] == "deep"
    assert found(url_map, "GET", "/a/c/1")[0] == "shallow"
    assert found(url_map, "GET", "/c")[0] == "all"


def test_methods():
    url_map = make_map(("GET", "/a", "get"), ("POST PUT", "/a", "post"), ("DELETE", "/<x>", "delete"))
    assert found(url_map, "GET", "/a")[0] == "get"
    assert found(url_map, "HEAD", "/a")[0] == "get"
    assert found(url_map, "PUT", "/a")[0] == "post"
    assert found(url_map, "DELETE", "/a") == ("delete", {"x": "a"})
    assert found(url_map, "PATCH", "/a") is None
    assert url_map.find("GET", "/x/y") == (None, None)


def test_a_head_route_of_ones_own():
    url_map = make_map(("HEAD", "/a", "head"), ("GET", "/a", "get"))
    assert found(url_map, "HEAD", "/a")[0] == "head"


def first_of(routes, method, path):
    """Try one route after the other: return the handler of the first one that matches, and the variables."""
    for methods, pattern, handler in routes:
        values = URLPattern(pattern).match(path)
        if values is not None and (method in methods.split() or method == "HEAD" and "GET" in methods.split()):
            return handler, values
    return None


def test_any_routes_are_found_as_if_each_was_tried():
    patterns = (
        "/", "/a", "/a/b", "/<x>", "/<int:n>", "/<path:p>", "/a/<x>", "/a/<int:n>", "/a/<re:[0-9]:r>", "/<x>/b",
        "/a/<path:p>", "/<x>/<int:n>", "/a/<x>/b", "/a/b/<x>", "/<re:a/.:r>", "/a//<x>",
    )  # fmt: skip
    paths = (
        "", "/", "//", "*", "1", "a", "//1", "/a", "/1", "/-1", "/a/", "/a/b", "/a/1", "/a/b/1", "/a/b/b", "/c/b",
        "/c/1", "/a//1", "/a/1/b", "/1/", "/a/\n",
    )  # fmt: skip
    number = 7
    for _ in range(60):
        routes = []
        while len(routes) < 5:
            number = (number * 1103515 + 12345) % 2147483
            methods = ("GET", "GET POST", "HEAD", "POST")[number // 7 % 4]
            routes.append((methods, patterns[number // 31 % len(patterns)], len(routes)))
        url_map = make_map(*routes)
        for path in paths:
            for method in ("GET", "HEAD", "POST"):
                expected = first_of(routes, method, path)
                assert found(url_map, method, path) == expected, (routes, method, path, expected)


def test_a_path_with_many_segments_is_looked_up_by_few_prefixes():
    url_map = make_map(("GET", "/a/<x>", "a"), ("GET", "/a/b/<path:x>", "b"))

    class Table(dict):
        """A dictionary that counts."""

        asked = 0

        def get(self, key, default=None):
            """Return a value and count."""
            Table.asked += 1
            return super().get(key, default)

    table = Table()
    for key in url_map._by_prefix:
        table[key] = url_map._by_prefix[key]
    url_map._by_prefix = table
    assert found(url_map, "GET", "/a/b/" + "c/" * 500) == ("b", {"x": "c/" * 500})
    assert Table.asked == 3


def test_the_map_is_a_list_of_tuples_to_an_application():
    url_map = make_map(("GET", "/a", "first"), ("POST PUT", "/b/<x>", "second"))
    assert len(url_map) == 2
    for entries in (list(url_map), url_map[:], [url_map[0], url_map[1]], list(reversed(list(reversed(url_map))))):
        assert [(entry[0], entry[1].url_pattern) + entry[2:] for entry in entries] == [
            (["GET"], "/a", "first", "", None),
            (["POST", "PUT"], "/b/<x>", "second", "", None),
        ]
    assert url_map[-1][1].match("/b/1") == {"x": "1"}
    assert [entry[2] for entry in url_map[1:]] == ["second"]
    with raises(IndexError):
        url_map[2]
    url_map.append((["DELETE"], URLPattern("/c/<int:n>"), "third", "/c", "app"))
    assert found(url_map, "DELETE", "/c/3") == ("third", {"n": 3})
    methods, pattern, handler, prefix, subapp = url_map[-1]
    assert (methods, pattern.url_pattern, handler, prefix, subapp) == (["DELETE"], "/c/<int:n>", "third", "/c", "app")
    for _, pattern, handler, _, _ in reversed(url_map):
        assert (handler, pattern.url_pattern) == ("third", "/c/<int:n>")
        break


def test_allowed():
    url_map = make_map(("GET", "/a", 1), ("POST PUT", "/a", 2), ("DELETE", "/<x>", 3), ("POST", "/b/<int:n>", 4))
    assert sorted(url_map.allowed("/a")) == ["DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"]
    assert sorted(url_map.allowed("/c")) == ["DELETE", "OPTIONS"]
    assert sorted(url_map.allowed("/b/1")) == ["OPTIONS", "POST"]
    assert url_map.allowed("/b/x") == []
    assert url_map.allowed("/") == []


def test_many_routes():
    url_map = make_map(*[("GET", "/item%d/<x>" % i, i) for i in range(100)])
    assert len(url_map) == 100
    assert len(url_map[:3]) == 3
    assert found(url_map, "GET", "/item99/a") == (99, {"x": "a"})
    assert found(url_map, "GET", "/item100/a") is None


def test_mounted_routes():
    inner = make_map(("GET", "/a/<x>", "handler"))
    middle = URLMap()
    middle.mount(inner, "/sub", "app", False)
    (route,) = middle.routes
    assert route.url_pattern == "/sub/a/<x>"
    assert route.url_prefix == "/sub"
    assert route.subapp == "app"
    assert route.apps == ()
    outer = URLMap()
    outer.mount(middle, "/top", "outer", True)
    (route,) = outer.routes
    assert route.url_pattern == "/top/sub/a/<x>"
    assert route.url_prefix == "/top/sub"
    assert route.subapp == "app"
    assert route.apps == ("outer",)
    assert found(outer, "GET", "/top/sub/a/1") == ("handler", {"x": "1"})
