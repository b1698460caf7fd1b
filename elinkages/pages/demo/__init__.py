"""The demo: a believable MSP with eighteen months of history, told through the same verbs that people use."""
