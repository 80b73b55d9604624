"""A program that runs a worker of its app."""

import sys

from program import app

if __name__ == "__main__":
    if sys.argv[1] == "start":
        app.start(["worker", *sys.argv[2:]])
    else:
        app.worker_main(["worker", *sys.argv[1:]])
