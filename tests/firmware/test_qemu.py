"""The frozen framework on an emulated Cortex-M3 and an emulated 32-bit RISC-V, with a heap of 64 KB."""

import board_tests
import pytest
from needs import needed

from firmware_tools import emulation, images, sizes
from notes import NOTES

# These files are not run here: the machines have no filesystem to write to, no network, no module for hardware.
NEED_FILES = {
    "test_device_access_point", "test_device_pages", "test_device_pages_content", "test_device_pages_strangers",
    "test_device_portal", "test_device_portal_station",
    "test_device_secret", "test_device_settings", "test_device_update", "test_device_versions", "test_files",
    "test_multipart_files", "test_static",
}  # fmt: skip
NEED_NETWORK = {"test_device_start", "test_device_station", "test_memory_budget", "test_places", "test_server"}

# Single tests that may fail here, by file and reason.
# 64 KB cannot hold what they need.
TOO_LARGE = {
    "test_body_limits": {
        "test_a_route_without_limit",
        "test_other_types_stay_on_the_stream",
        "test_the_limit_of_a_route_is_what_is_loaded_of_json_and_forms",
    },
    "test_connection": {"test_a_large_body"},
    "test_connection_refusals": {
        "test_a_limit_of_lines_that_is_set_counts",
        "test_a_raised_limit_of_lines_is_one_of_the_head_too",
    },
    "test_cookies": {"test_parse_bytes"},
    "test_frames": {"test_lengths", "test_the_longest_and_shortest_length_of_each_form"},
    "test_late_imports": {"test_a_late_module_for_which_there_is_no_memory"},
    "test_multipart_parser": {"test_header_limit_does_not_depend_on_the_pieces"},
    "test_request_body": {"test_no_limit"},
    "test_routing": {"test_many_routes", "test_regular_expression_on_a_long_path"},
    "test_session_store": {"test_large_session"},
    "test_throttle": {"test_one_address_cannot_lock_many_accounts", "test_what_is_refused_does_not_count"},
    "test_websocket": {"test_what_a_peer_still_sends_after_its_error_is_read"},
}
# They write a file.
WRITE_FILES = {
    "test_defaults": {"test_no_class_has_a_default_that_can_change"},
    "test_multipart": {"test_body_streamed", "test_files_of_each_kind_of_storage"},
    "test_utemplate": {"test_a_part_of_a_template_is_removed"},
    "test_wrong_clock": {"test_validators_of_files_need_no_clock"},
}
# They listen, or import the module `socket`.
USE_NETWORK = {
    "test_admission": {
        "test_an_idle_connection_counts_for_a_time_after_it_was_closed",
        "test_no_date_before_the_clock_is_set",
    },
    "test_late_imports": {"test_nothing_is_imported_late"},
    "test_lifespan": {
        "test_an_exception_at_the_start_stops_the_server",
        "test_own_server_runs_it",
        "test_two_servers_share_it",
    },
    "test_transport_contract_leave": {"test_disconnect"},
}
# The clock of these machines is not set, and an answer has no Date then.
SET_CLOCK = {"test_connection": {"test_date"}}
# They add fractions of seconds to the time of day, for which single-precision floats have no bits left.
DOUBLE_PRECISION = {"test_client_cookies": {"test_expires"}}
# The years to come that they try need more than the 32 bits that seconds have here.
LARGE_TIMES = {"test_wrong_clock": {"test_cookies_of_the_test_client"}}
EXCEPTIONS = (TOO_LARGE, WRITE_FILES, USE_NETWORK, SET_CLOCK, DOUBLE_PRECISION, LARGE_TIMES)


@pytest.fixture(scope="session", params=["QEMU_CORTEX_M", "QEMU_RV32"])
def board(request, firmware):
    """The Firmware of each emulated board."""
    return firmware(request.param)


@pytest.fixture(scope="session")
def romfs(tmp_path_factory):
    """A ROMFS image with the unit tests and what they need."""
    folder = tmp_path_factory.mktemp("romfs")
    with needed():
        board_tests.compile_files(folder / "files")
        images.pack_romfs(folder / "rom.img", folder / "files")
    return folder / "rom.img"


@pytest.mark.parametrize("name", [name for name in board_tests.NAMES if name not in NEED_FILES | NEED_NETWORK])
def test_unit_tests(board, romfs, name):
    with needed(), emulation.QemuBoard(board, romfs) as emulated:
        printed, error = emulated.execute(board_tests.program(name, "/rom"), timeout=600)
    assert not error, error
    failed = board_tests.failures(name, printed)
    excepted = set().union(*(exceptions.get(name, ()) for exceptions in EXCEPTIONS))
    assert failed <= excepted, printed
    if failed:
        NOTES[f"{board.board.name} cannot run of {name}"] = ", ".join(sorted(failed))


def test_the_exceptions_are_tests_that_there_are():
    for exceptions in EXCEPTIONS:
        for name, tests in exceptions.items():
            text = (board_tests.UNIT / f"{name}.py").read_text()
            assert all(f"def {test}(" in text for test in tests), name
    assert set(board_tests.NAMES) >= NEED_FILES | NEED_NETWORK


def test_requests_leave_no_heap_taken(board):
    with needed():
        heap = sizes.heap_sizes(board)
    start = heap["start_free"]
    NOTES[f"{board.board.name} heap free at start / after import / after 100 requests"] = (
        f"{start} / {start - heap['import']} / {start - heap['hundred_requests']} bytes"
    )
    assert heap["two_hundred_requests"] - heap["hundred_requests"] <= 128, heap
