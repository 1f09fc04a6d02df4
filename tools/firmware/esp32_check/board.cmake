# Read an ESP32 board's cmake files as the port's CMakeLists.txt does, in script mode: cmake -DPORT=... -P board.cmake
# Run it in the port's folder. Prints one line `-- FILE` for each sdkconfig fragment; fails when one is missing.

cmake_minimum_required(VERSION 3.12)

# In a build these are relative to the port, which is the project's source folder.
function(require_file path)
    get_filename_component(found ${path} ABSOLUTE BASE_DIR ${PORT})
    if(NOT EXISTS ${found})
        message(FATAL_ERROR "${path} does not exist")
    endif()
endfunction()

include(${MICROPY_BOARD_DIR}/mpconfigboard.cmake)
if(MICROPY_BOARD_VARIANT)
    include(${MICROPY_BOARD_DIR}/mpconfigvariant_${MICROPY_BOARD_VARIANT}.cmake)
else()
    include(${MICROPY_BOARD_DIR}/mpconfigvariant.cmake OPTIONAL)
endif()

if(NOT IDF_TARGET)
    set(IDF_TARGET esp32)
endif()
if(NOT IDF_TARGET STREQUAL MCU)
    message(FATAL_ERROR "board.json says ${MCU}, cmake says ${IDF_TARGET}")
endif()
require_file(${MICROPY_FROZEN_MANIFEST})
foreach(fragment ${SDKCONFIG_DEFAULTS})
    require_file(${fragment})
    message(STATUS ${fragment})
endforeach()
