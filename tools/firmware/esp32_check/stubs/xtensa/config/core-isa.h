// Stands for the description of the ESP32's and the S3's cores, of which MicroPython asks one thing.
#define XCHAL_HAVE_WINDOWED 1
