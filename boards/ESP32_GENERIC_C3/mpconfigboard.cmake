# The stock board with the framework frozen in.
include(boards/ESP32_GENERIC_C3/mpconfigboard.cmake)
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
