#include "boards/RPI_PICO_W/mpconfigboard.h"

// A server of 8 connections, which the framework allows on a board, two more that it turns away, and what is closing.
#define MEMP_NUM_TCP_PCB                (12)
