"""What our operations staff sees of every MSP, in numbers, and what they may set going again."""
