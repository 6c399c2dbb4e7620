"""Choose: candidates are filtered, weighed, claimed, and given alternates.

selector.py tells the order. Beside it, survey.py and claiming.py ask and write;
plan.py, alternates.py, balance.py, adoption.py and explanation.py decide, and
know of nothing outside.
"""
