"""Pages about the MSP itself and its people."""
