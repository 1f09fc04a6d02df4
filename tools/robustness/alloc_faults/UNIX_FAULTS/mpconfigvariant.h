#include "ports/unix/variants/standard/mpconfigvariant.h"
