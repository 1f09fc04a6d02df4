#include "boards/ESP32_GENERIC/mpconfigboard.h"
