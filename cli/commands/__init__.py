"""The commands of `understudy`, one module for each thing they are about.

A module imports at its top only what its options need: `understudy --help`
loads them all.
"""
