"""The staff API of integrations: how each is doing, its inbox, its quarantine."""
