"""A program that runs a worker of its app."""

import sys

from program import app

if __name__ == "__main__":
    app.worker_main(["worker", *sys.argv[1:]])
