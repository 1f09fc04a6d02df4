# The stock board with the framework frozen in.
include(boards/RPI_PICO2_W/mpconfigboard.cmake)
set(MICROPY_FROZEN_MANIFEST ${MICROPY_BOARD_DIR}/manifest.py)
