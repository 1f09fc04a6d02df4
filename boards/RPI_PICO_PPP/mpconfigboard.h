#define MICROPY_HW_BOARD_NAME           "Raspberry Pi Pico with PPP"

// The network stack makes the image larger than the stock board's 640 KiB: half of the flash is for code.
// The other half is for files, and for a ROMFS partition: `mpremote romfs deploy`.
#define MICROPY_HW_FLASH_STORAGE_BYTES  (896 * 1024)
#define MICROPY_HW_ROMFS_BYTES          (128 * 1024)

#define MICROPY_PY_NETWORK              (1)
#define MICROPY_PY_NETWORK_PPP_LWIP     (1)

// A server of 8 connections, which the framework allows on a board, two more that it turns away, and what is closing.
#define MEMP_NUM_TCP_PCB                (12)

// lwIP's heap holds what all connections have sent, and the frame that PPP is sending: with the port's 8000 bytes one
// full send buffer leaves no room for that, and the line stands still for ever. Two segments a connection are
// 8 * 2 * (TCP_MSS + 100) bytes. lwIP checks these values against each other: they are set together or not at all.
#define MEM_SIZE                        (16000)
#define TCP_MSS                         (800)
#define TCP_WND                         (2 * TCP_MSS)
#define TCP_SND_BUF                     (2 * TCP_MSS)
#define TCP_SND_QUEUELEN                (16)
#define MEMP_NUM_TCP_SEG                (48)

// What is received lies in these until the program reads it: 3 a segment, 1 a small packet. 30 are enough for 4
// clients that send at full speed; with more some segments get lost, and TCP repeats them.
#define PBUF_POOL_BUFSIZE               (288)
#define PBUF_POOL_SIZE                  (30)

// Tables for neighbours on an Ethernet, of which a serial line has one, and for names that are resolved at the same time.
#define ARP_TABLE_SIZE                  (2)
#define LWIP_ND6_NUM_NEIGHBORS          (2)
#define DNS_TABLE_SIZE                  (2)
#define MDNS_MAX_REQUESTS               (1)
