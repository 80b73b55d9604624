"""Limits on the tasks that run in this process: how long each may take, and ending it from outside its thread.

`time_limits` decides which limits apply; `execution` is one run that can be interrupted; `executions` watches over all
of them, and ends those whose time is over, or that are terminated, on behalf of their threads; `deadlines` tells the
keeper when to help from outside the process.
"""
