#define MICROPY_HW_BOARD_NAME           "Raspberry Pi Pico with PPP"

// The network stack makes the image larger than the stock board's 640 KiB: half of the flash is for code.
// The other half is for files, and for a ROMFS partition: `mpremote romfs deploy`.
#define MICROPY_HW_FLASH_STORAGE_BYTES  (896 * 1024)
#define MICROPY_HW_ROMFS_BYTES          (128 * 1024)

#define MICROPY_PY_NETWORK              (1)
#define MICROPY_PY_NETWORK_PPP_LWIP     (1)

// PPP allocates the frame it sends from lwIP's heap. With the port's 8000 bytes one full send buffer leaves no room
// for it and the line stands still for ever, so the heap is larger and the send buffer smaller.
// lwIP checks these values against each other: they are set together or not at all.
#define MEM_SIZE                        (16000)
#define TCP_MSS                         (800)
#define TCP_WND                         (8 * TCP_MSS)
#define TCP_SND_BUF                     (4 * TCP_MSS)
#define MEMP_NUM_TCP_SEG                (32)
