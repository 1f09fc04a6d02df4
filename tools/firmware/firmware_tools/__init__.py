"""What tools/firmware is made of: sources, boards, builders, images and flashing, each in its own module."""
