"""The demo: a till that speaks only signed HTTP, and the operator's command line beside it.

Nothing here imports the product; `tests/contracts/test_demo_speaks_http.py` holds that. What the
demo shows is therefore what any partner's till could do from outside.
"""
