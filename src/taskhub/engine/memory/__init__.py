"""The engine in this process, for unit tests, eager mode, and trying things out.

Naive on purpose: lists and dictionaries behind one lock. It shows what each verb of the port does,
and the contract tests hold the other engines to it. Nothing survives the process.
"""
