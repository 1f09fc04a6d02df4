# From MicroPython 1.26 on the plain board fits 4 MiB of flash, and there is no such variant.
include(boards/ESP32_GENERIC_S3/mpconfigvariant_FLASH_4M.cmake OPTIONAL)
