"""The Django admin for operations staff: everything across MSPs is a list of names; inside one MSP, with a reason."""
