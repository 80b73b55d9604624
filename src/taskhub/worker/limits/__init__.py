"""Limits of running tasks: time limits, termination, rate limits, revoked stamps.

`executions` ends tasks whose time is over, or that are terminated, on behalf of their threads;
`run_time` changes limits while workers run.
"""
