from support import raises


def test_raises_keeps_the_exception():
    with raises(ValueError) as caught:
        int("x")
    assert isinstance(caught.value, ValueError)


def test_raises_fails_when_nothing_is_raised():
    try:
        with raises(ValueError):
            pass
    except AssertionError:
        return
    assert False, "raises() let a block pass that raised nothing"


async def test_coroutine_tests_run():
    import asyncio

    await asyncio.sleep(0)
