"""The programs bring tests of their own, which their clients run."""

collect_ignore_glob = ["*/tests/*"]
