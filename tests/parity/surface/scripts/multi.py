"""Prints, as JSON, what nodes Celery's `multi` makes of arguments: for each list of them names, options, expansions.

Arguments: the lists, as JSON. No node is started.
"""

import json
import sys

from celery.apps.multi import MultiParser, NamespacedOptionParser

TEMPLATE = "%n %h %d %p %% %i%I"
#: Options that each node gets, as names of files.
FILES = ("--pidfile", "--logfile", "-p", "-f", "-n", "--executable")


def nodes(arguments):
    parsed = NamespacedOptionParser(arguments)
    parsed.parse()
    return [
        {
            "name": node.name,
            "options": {name: value for name, value in node.options.items() if name not in FILES},
            "expanded": node.expander(TEMPLATE),
            "pidfile": node.pidfile,
        }
        for node in MultiParser().parse(parsed)
    ]


json.dump([nodes(arguments) for arguments in json.loads(sys.argv[1])], sys.stdout)
