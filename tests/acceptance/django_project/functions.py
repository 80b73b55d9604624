"""Runs the functions of a script whose names begin with `test_`; prints what became of them as JSON."""

import json
import os
import traceback

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")


def set_up():
    """Set Django up; scripts call it before they import the project."""
    django.setup()


def run_all(names):
    """Run the functions."""
    became = {}
    for name, function in list(names.items()):
        if name.startswith("test_"):
            try:
                function()
            except BaseException:
                became[name] = traceback.format_exc()
            else:
                became[name] = ""
    print(json.dumps(became))
