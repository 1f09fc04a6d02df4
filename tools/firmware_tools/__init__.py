"""What tools/firmware.py is made of: sources, boards, builders, images and flashing, each in its own module."""
