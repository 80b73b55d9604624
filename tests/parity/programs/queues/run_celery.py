"""The command as tools that restart workers call it: by the path of its function."""

from celery.__main__ import main

if __name__ == "__main__":
    main()
