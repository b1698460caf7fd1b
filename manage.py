#!/usr/bin/env python
"""Run a Django command: `bin/manage COMMAND` sets up the services' addresses for you."""

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "elinkages.settings")
    execute_from_command_line(sys.argv)
