include(boards/RPI_PICO2_W/mpconfigvariant_RISCV.cmake)
