"""The staff API of step-ups and approvals."""
