from microdot._datastructures import NoCaseDict
from microdot._forms import MultiDict
from support import raises


def test_multidict_keeps_all_values():
    d = MultiDict()
    d["one"] = "1"
    d["two"] = "2"
    d["one"] = "3"
    assert d["one"] == "1"
    assert d["two"] == "2"
    assert d.getlist("one") == ["1", "3"]
    assert d.getlist("two") == ["2"]
    assert len(d) == 2
    assert "one" in d
    assert "three" not in d
    assert sorted(d) == ["one", "two"]


def test_multidict_made_of_a_dict():
    d = MultiDict({"one": "1", "two": "2"})
    assert d["one"] == "1"
    assert d.getlist("two") == ["2"]
    d["one"] = "x"
    assert d.getlist("one") == ["1", "x"]


def test_multidict_get():
    d = MultiDict({"n": "12", "s": "x"})
    assert d.get("n") == "12"
    assert d.get("n", type=int) == 12
    assert d.get("absent") is None
    assert d.get("absent", "default") == "default"
    assert d.get("absent", 7, type=int) == 7
    assert d.get("s", 7, type=int) == 7
    assert d.get("s", type=int) is None


def test_multidict_getlist():
    d = MultiDict()
    for value in ("1", "x", "2"):
        d["n"] = value
    assert d.getlist("n") == ["1", "x", "2"]
    assert d.getlist("n", type=int) == [1, 2]
    assert d.getlist("absent") == []
    assert d.getlist("absent", type=int) == []
    d.getlist("n").append("not in the dictionary")
    assert d.getlist("n") == ["1", "x", "2"]


def test_multidict_without_the_key():
    with raises(KeyError):
        MultiDict()["absent"]


def test_multidict_delete():
    d = MultiDict({"a": "1"})
    d["a"] = "2"
    del d["a"]
    assert "a" not in d
    assert d.getlist("a") == []


def test_nocasedict_finds_any_spelling():
    d = NoCaseDict()
    d["Content-Type"] = "text/html"
    for name in ("Content-Type", "content-type", "CONTENT-TYPE", "cOnTeNt-TyPe"):
        assert name in d, name
        assert d[name] == "text/html", name
        assert d.get(name) == "text/html", name
    assert list(d) == ["Content-Type"]
    assert len(d) == 1


def test_nocasedict_keeps_the_first_spelling():
    d = NoCaseDict({"X-One": "1"})
    d["x-one"] = "2"
    d["X-ONE"] = "3"
    assert list(d) == ["X-One"]
    assert d["x-One"] == "3"
    d = NoCaseDict({"x-one": "1"})
    d["X-One"] = "2"
    assert list(d) == ["x-one"]
    assert d["X-ONE"] == "2"


def test_nocasedict_holds_empty_and_false_values():
    d = NoCaseDict()
    for name in ("a", "B"):
        for value in (None, "", 0, []):
            d[name] = value
            assert name in d
            assert d[name] == value
            assert len(d) <= 2


def test_nocasedict_absent():
    d = NoCaseDict({"A": "1"})
    assert d.get("b") is None
    assert d.get("b", "2") == "2"
    assert "b" not in d
    with raises(KeyError):
        d["b"]
    with raises(KeyError):
        del d["b"]
    with raises(KeyError):
        d.pop("b")
    assert d.pop("b", None) is None


def test_nocasedict_delete():
    for stored in ("X-One", "x-one"):
        d = NoCaseDict({stored: "1"})
        del d["x-ONE"]
        assert "X-One" not in d
        assert len(d) == 0
        d["X-oNe"] = "2"
        assert list(d) == ["X-oNe"]


def test_nocasedict_pop():
    d = NoCaseDict({"X-One": "1", "y": "2"})
    assert d.pop("x-one") == "1"
    assert d.pop("Y", None) == "2"
    assert len(d) == 0


def test_nocasedict_setdefault():
    d = NoCaseDict({"X-One": "1"})
    assert d.setdefault("x-one", "2") == "1"
    assert d.setdefault("Two", "2") == "2"
    assert d["two"] == "2"


def test_nocasedict_update():
    d = NoCaseDict({"X-One": "1", "y": "2"})
    d.update({"x-ONE": "3", "Z": "4"})
    assert d["X-One"] == "3"
    assert d["z"] == "4"
    assert len(d) == 3
    other = NoCaseDict(d)
    assert other["x-one"] == "3"
    assert sorted(other) == ["X-One", "Z", "y"]


def test_nocasedict_iterates_over_names_as_stored():
    d = NoCaseDict({"B": "2", "a": "1"})
    assert sorted(d.keys()) == ["B", "a"]
    assert sorted(d.values()) == ["1", "2"]
    assert sorted(d.items()) == [("B", "2"), ("a", "1")]
